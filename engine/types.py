"""Values that every layer shares. Frozen, validated where a shop could get them wrong, free of I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

ProductId = NewType("ProductId", str)
"""The shop's own id, unique in a catalogue."""

FloatArray: TypeAlias = NDArray[np.float32]
RowArray: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
"""One flag for every row of a generation; True = the product may be returned."""

AttributeValue: TypeAlias = str | float | bool | tuple[str, ...]
"""Text, number, boolean or several texts. Integers are stored as float."""


class Availability(StrEnum):
    UNKNOWN = "unknown"
    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units (euros, not cents) of an ISO 4217 currency."""

    currency_code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the shop. `category` is a path from the broadest to the narrowest name."""

    id: ProductId
    title: str
    brand: str = ""
    description: str = ""
    category: tuple[str, ...] = ()
    price: Money | None = None
    availability: Availability = Availability.UNKNOWN
    image_uri: str = ""
    released: date | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


class ColumnKind(StrEnum):
    """How the values of a field that filters, facets and orders name are held and compared."""

    TEXT = "text"
    """Compared as normalised text; a product may have several."""
    PATH = "path"
    """A category path: the entries are its prefixes, from the broadest, as "Kitchen > Coffee"."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    """Held as 0.0 and 1.0."""
    DATE = "date"
    """Held as whole days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one source found: rows of a generation with that source's own scores, best first.

    `rows` is int64 (n,), `scores` float32 (n,); rows are unique, higher scores are better, equal scores
    go by row, so that a search is repeatable. Scores of two sources are not comparable.
    `complete` is True when the source had nothing more to give (it was not cut at its limit).
    """

    rows: RowArray
    scores: FloatArray
    complete: bool = True

    @classmethod
    def ranked(cls, rows: RowArray, scores: FloatArray, *, limit: int, complete: bool = True) -> Candidates:
        """Sort by (-score, row) and keep the first `limit`; anything cut makes the result incomplete."""
        order = np.lexsort((rows, -scores))[:limit]
        return cls(
            rows[order].astype(np.int64, copy=False),
            scores[order].astype(np.float32, copy=False),
            complete and len(rows) <= limit,
        )

    @classmethod
    def none(cls) -> Candidates:
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class PastQuery:
    """A query of the past, one composed from the graph, or what a live product is called.

    `count` says how often it was asked, 0 for what nobody asked yet; `rows` are the products that followed
    it, best first.
    """

    text: str
    count: int
    rows: RowArray


class EntityKind(StrEnum):
    """What a node of the knowledge graph stands for."""

    BRAND = "brand"
    CATEGORY = "category"
    COLOR = "color"
    MATERIAL = "material"
    ATTRIBUTE_VALUE = "attribute_value"
    COMPATIBLE_TARGET = "compatible_target"
    """Something products say they fit: a printer model, a phone, a phrase of a compatibility statement."""
    SERIES = "series"
    """A brand's line of products: "Pavilion", "LaserJet"."""
    MODEL = "model"
    """A model name or number that one product, or its variants, bear."""
    SIZE = "size"
    """A length, area or format with its unit, normalised: "39.6 cm" and 15.6 inches are one."""
    CAPACITY = "capacity"
    """An amount of storage, charge, liquid, power or pieces with its unit, normalised: "500 GB"."""
    AUDIENCE = "audience"
    """Whom it is for: children, women, gamers."""
    OCCASION = "occasion"
    """What or when it is for: travel, office, christmas."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A node of the knowledge graph that products hang on.

    `attribute` is the catalogue's attribute key for value nodes ("color"), else empty.
    `product_count` counts the products that hang on it directly; rarity is derived from it.
    """

    iri: str
    kind: EntityKind
    label: str
    attribute: str = ""
    product_count: int = 0


@dataclass(frozen=True, slots=True)
class EntityLink:
    """Words `[start, end)` of the query's tokens name this entity. Confidence is in (0, 1]."""

    entity: Entity
    start: int
    end: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """One step of a walk, from a node to a neighbour; `relation` is a short readable name ("color")."""

    relation: str
    target: Entity
    forward: bool = True
    """False when the statement was read from object to subject."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """An entity that the query gained by walking the graph, and the way that led there.

    `weight` in (0, 1] multiplies relation weight, rarity and confidence along the path.
    """

    link: EntityLink
    path: tuple[GraphEdge, ...]
    weight: float

    @property
    def entity(self) -> Entity:
        return self.path[-1].target if self.path else self.link.entity


@dataclass(frozen=True, slots=True)
class FoldedChanges:
    """The live changes that a generation was built with: those up to `sequence` of a change log. `log` is
    that log's id, `lineage` names it and what was written to it. A build without any has 0 and "".
    """

    sequence: int = 0
    log: str = ""
    lineage: str = ""


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """What an operator wants to know of a build.

    `created` is UTC; `measured_recall` is recall@10 of the product index against exact search, 0 to 1;
    `evaluation` holds relevance figures by name, empty without judgements; live changes up to `live_sequence`
    are in it.
    """

    id: str
    created: datetime
    active: bool
    product_count: int
    past_query_count: int
    statement_count: int
    dimension: int
    measured_recall: float
    evaluation: Mapping[str, float]
    live_sequence: int = 0


@dataclass(frozen=True, slots=True)
class ServingStatus:
    """What a process serves, since when (UTC), and where its models run ("cpu" or "cuda")."""

    generation: GenerationInfo
    since: datetime
    device: str


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """Live changes over the generation that serves: the `sequence` of the newest that searches see, how many
    `slots` of `most_slots` products with new words have taken, and the bytes that their log keeps.
    """

    sequence: int
    slots: int
    most_slots: int
    log_bytes: int
