"""What was read where: mentions in titles and descriptions, and the evidence that they leave in the graph."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What a span of a title or description names."""

    TYPE = "type"
    BRAND = "brand"
    SERIES = "series"
    MODEL = "model"
    COLOR = "color"
    MATERIAL = "material"
    SIZE = "size"
    CAPACITY = "capacity"
    TARGET = "target"
    AUDIENCE = "audience"
    OCCASION = "occasion"


class Relation(StrEnum):
    """How a product stands to something that its text names."""

    COMPATIBLE_WITH = "compatible with"
    ACCESSORY_OF = "accessory of"
    PART_OF = "part of"
    VARIANT_OF = "variant of"
    BUNDLE_OF = "bundle of"


class Extractor(StrEnum):
    """Which layer read it."""

    GAZETTEER = "gazetteer"
    QUANTITY = "quantity"
    TAGGER = "tagger"
    RELATION = "relation"


class TextField(StrEnum):
    TITLE = "title"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """Characters `[start, end)` of a product's title or description, as stored in the cleaned catalogue, name
    something. `name` is what they say in normal form ("39.6 cm" for 15.6\\"), `confidence` in (0, 1] the
    calibrated probability of being right. `relation` is set for what the product is not, but stands in a
    relation to.
    """

    row: int
    field: TextField
    start: int
    end: int
    label: Label
    name: str
    extractor: Extractor
    confidence: float
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The statement that the product of the mention's row hangs on `entity` (an IRI) was read from it."""

    entity: str
    mention: Mention
