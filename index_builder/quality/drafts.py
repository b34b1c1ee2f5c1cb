"""From a mapped row to a product whose attribute types are still open, and on to the product."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import date

from engine.types import AttributeValue, Availability, Money, Product, ProductId
from index_builder.quality import fields
from index_builder.quality.attributes import ObservedValue, SettledAttribute, as_kind, misfit, observe
from index_builder.quality.prices import read_price
from index_builder.quality.verdicts import RejectedRowError, Warn
from index_builder.sources.mapping import Mapping
from index_builder.sources.renaming import AttributeName, MappedRow
from index_builder.sources.rows import Problem


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that will become a product once the types of all attributes are known."""

    file: str
    line: int
    id: ProductId
    title: str
    brand: str
    description: str
    category: tuple[str, ...]
    price: Money | None
    availability: Availability
    image_uri: str
    released: date | None
    attributes: tuple[tuple[AttributeName, ObservedValue], ...]


def draft(row: MappedRow, mapping: Mapping, warn: Warn) -> Draft:
    """Raises RejectedRowError for a row without a usable id, title or price."""
    given = row.fields
    if "id" not in given:
        raise RejectedRowError(Problem.MISSING_ID, "the row has no id")
    return Draft(
        file=str(row.source.path),
        line=row.source.line,
        id=fields.read_id(given["id"]),
        title=fields.read_title(given.get("title"), warn),
        brand=fields.read_text(given.get("brand"), "brand", fields.MAX_TEXT, Problem.TEXT_CUT, warn),
        description=fields.read_text(
            given.get("description"), "description", fields.MAX_DESCRIPTION, Problem.DESCRIPTION_CUT, warn
        ),
        category=fields.read_category(given.get("category"), mapping.separators.category, warn),
        price=read_price(given.get("price"), given.get("currency"), mapping.price, warn),
        availability=fields.read_availability(given.get("availability"), warn),
        image_uri=fields.read_image_uri(given.get("image_uri"), warn),
        released=fields.read_date(given.get("date_released"), mapping.date_formats, warn),
        attributes=tuple(
            (name, value)
            for name, raw in row.attributes
            if (value := observe(name.key, raw, warn)) is not None
        ),
    )


def product(
    written: Draft, types: Dictionary[AttributeName, SettledAttribute], separator: str, warn: Warn
) -> Product:
    """The product with every attribute under its settled key and type, keys in alphabetical order."""
    attributes: dict[str, AttributeValue] = {}
    for name, observed in written.attributes:
        settled = types[name]
        value = as_kind(observed, settled.kind, separator)
        if value is None:
            warn(Problem.BAD_ATTRIBUTE, misfit(settled.key, settled.kind, observed))
        elif attributes.setdefault(settled.key, value) != value:
            warn(Problem.REPEATED_ATTRIBUTE, f"{settled.key} is given twice; the first value was kept")
    return Product(
        id=written.id,
        title=written.title,
        brand=written.brand,
        description=written.description,
        category=written.category,
        price=written.price,
        availability=written.availability,
        image_uri=written.image_uri,
        released=written.released,
        attributes=dict(sorted(attributes.items())),
    )
