"""How a shop's field names become Product's: a small TOML file, checked when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from engine.errors import DataError
from index_builder.sources.readers import read_rows
from index_builder.sources.rows import RawRow

_SHIPPED = Path(__file__).parent.parent / "mappings"
_DEFAULT = "default"
_DETECTION_ROWS = 100

T = TypeVar("T")


class PriceUnit(StrEnum):
    MAJOR = "major"
    CENTS = "cents"


class AttributeKind(StrEnum):
    """The type of an attribute over the whole catalogue."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXTS = "texts"


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_as_tuple)]
"""One name, or several of which the first that a row fills is taken."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Fields(_Section):
    """For each field of a Product, the names a shop may give it."""

    id: Names
    title: Names
    brand: Names = ()
    description: Names = ()
    category: Names = ()
    price: Names = ()
    currency: Names = ()
    availability: Names = ()
    image_uri: Names = ()
    date_released: Names = ()
    attributes: Names = ()


class Price(_Section):
    """`currency` is taken where a row names none; `maximum` (major units) is the highest credible price."""

    unit: PriceUnit = PriceUnit.MAJOR
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    maximum: Decimal = Field(default=Decimal(10_000_000), gt=0, le=10**15)


class Separators(_Section):
    """`category` cuts a path written as one text, `list` cuts cells of CSV and TSV into several texts."""

    category: str = Field(default=">", min_length=1)
    list: str = Field(default="|", min_length=1)


class Attributes(_Section):
    """`prefixes` state the type of the keys they open, and are cut off; `types` state it key by key."""

    prefixes: dict[Annotated[str, Field(min_length=1)], AttributeKind] = {}
    types: dict[str, AttributeKind] = {}
    rename: dict[str, Annotated[str, Field(min_length=1)]] = {}


class Mapping(_Section):
    """A whole mapping file. `name` is the file's own name without its suffix.

    `detect` lists fields whose joint presence selects a shipped mapping when none is asked for; `ignore`
    lists fields to leave out; `date_formats` are strptime patterns tried after ISO 8601.
    """

    name: str
    description: str = ""
    detect: Names = ()
    ignore: Names = ()
    date_formats: Names = ()
    fields: Fields
    price: Price = Price()
    separators: Separators = Separators()
    attributes: Attributes = Attributes()


@cache
def shipped_mappings() -> tuple[Mapping, ...]:
    """The mappings that come with the package, by name."""
    return tuple(_read(path) for path in sorted(_SHIPPED.glob("*.toml")))


def load_mapping(mapping: str | Path) -> Mapping:
    """A shipped mapping by name, or a file by path. Raises DataError naming the file and the key."""
    shipped = {known.name: known for known in shipped_mappings()}
    if isinstance(mapping, str) and mapping in shipped:
        return shipped[mapping]
    path = Path(mapping)
    if not path.is_file():
        names = ", ".join(shipped)
        raise DataError(path, f"there is no such mapping file. Give its path, or a shipped mapping: {names}.")
    return _read(path)


def choose_mapping(paths: Sequence[Path]) -> Mapping:
    """The shipped mapping that fits the first file's rows best, by its `detect` fields; else the default."""
    seen: set[str] = set()
    for path in paths[:1]:
        for row in islice(read_rows(path), _DETECTION_ROWS):
            if isinstance(row, RawRow):
                seen.update(row.values)
    fitting = [known for known in shipped_mappings() if known.detect and seen.issuperset(known.detect)]
    return max(fitting, key=lambda known: len(known.detect), default=load_mapping(_DEFAULT))


def _read(path: Path) -> Mapping:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise DataError(path, f"this mapping is not readable TOML ({error}).") from error
    try:
        return Mapping.model_validate({"name": path.stem} | content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DataError(path, f"the mapping's key {key!r} is wrong: {_sentence(first['msg'])}") from error


def _sentence(message: str) -> str:
    known = {
        "Extra inputs are not permitted": "no mapping has such a key",
        "Field required": "it must be given",
    }
    return f"{known.get(message, message[:1].lower() + message[1:])}."
