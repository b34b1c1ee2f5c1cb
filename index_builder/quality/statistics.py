"""What the catalogue holds: fill rates, attribute values, prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field

import numpy as np

from engine.types import AttributeValue, Product
from index_builder.quality.attributes import SettledAttribute
from index_builder.sources.mapping import AttributeKind

MAX_DISTINCT = 1_000
"""Distinct values of one attribute are counted up to here."""
_EXAMPLES = 3
_BINS = 20
_FIELDS = ("title", "brand", "description", "category", "price", "availability", "image_uri", "released")


@dataclass(frozen=True, slots=True)
class AttributeStatistics:
    """`seen` counts what the values looked like before a type was settled; more than one kind there means
    that outliers decided the type. `distinct` stops at MAX_DISTINCT. `minimum` and `maximum`: numbers only.
    """

    key: str
    kind: AttributeKind
    filled: int
    distinct: int
    examples: tuple[str, ...]
    seen: Dictionary[AttributeKind, int]
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class PriceStatistics:
    """Of one currency, in major units. `bins` are (from, to, count), each as wide as the next by ratio."""

    currency_code: str
    count: int
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    bins: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class CatalogueStatistics:
    """`fields` counts the products that fill each field; attributes go from the most filled to the least."""

    product_count: int
    fields: Dictionary[str, int]
    attributes: tuple[AttributeStatistics, ...]
    prices: tuple[PriceStatistics, ...]


@dataclass(slots=True)
class _Tally:
    filled: int = 0
    distinct: set[AttributeValue] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None

    def add(self, value: AttributeValue) -> None:
        self.filled += 1
        if len(self.distinct) < MAX_DISTINCT and value not in self.distinct:
            self.distinct.add(value)
            if len(self.examples) < _EXAMPLES:
                self.examples.append(shown_value(value))
        if isinstance(value, float):
            self.minimum = value if self.minimum is None else min(self.minimum, value)
            self.maximum = value if self.maximum is None else max(self.maximum, value)


def measure(products: Sequence[Product], types: Iterable[SettledAttribute]) -> CatalogueStatistics:
    settled = {attribute.key: attribute for attribute in types}
    tallies: dict[str, _Tally] = {}
    for product in products:
        for key, value in product.attributes.items():
            tallies.setdefault(key, _Tally()).add(value)
    attributes = [_attribute(settled[key], tally) for key, tally in tallies.items()]
    return CatalogueStatistics(
        product_count=len(products),
        fields={name: sum(_fills(product, name) for product in products) for name in _FIELDS},
        attributes=tuple(sorted(attributes, key=lambda attribute: (-attribute.filled, attribute.key))),
        prices=_prices(products),
    )


def shown_value(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return " | ".join(value)
    return f"{value:.10g}" if isinstance(value, float) else value


def _attribute(settled: SettledAttribute, tally: _Tally) -> AttributeStatistics:
    return AttributeStatistics(
        key=settled.key,
        kind=settled.kind,
        filled=tally.filled,
        distinct=len(tally.distinct),
        examples=tuple(tally.examples),
        seen=settled.seen,
        minimum=tally.minimum,
        maximum=tally.maximum,
    )


def _fills(product: Product, name: str) -> bool:
    value = getattr(product, name)
    return value != "unknown" if name == "availability" else bool(value)


def _prices(products: Sequence[Product]) -> tuple[PriceStatistics, ...]:
    amounts: dict[str, list[float]] = {}
    for product in products:
        if product.price is not None:
            amounts.setdefault(product.price.currency_code, []).append(float(product.price.amount))
    return tuple(_distribution(code, np.array(amounts[code])) for code in sorted(amounts))


def _distribution(code: str, amounts: np.ndarray[tuple[int], np.dtype[np.float64]]) -> PriceStatistics:
    low, high = float(amounts.min()), float(amounts.max())
    edges = np.clip(np.geomspace(low, high, _BINS + 1), low, high) if high > low else np.array([low, high])
    counts = np.histogram(amounts, edges)[0] if high > low else np.array([len(amounts)])
    lower, median, upper = (float(np.percentile(amounts, share)) for share in (25, 50, 75))
    bins = tuple(
        (round(float(start), 2), round(float(end), 2), int(count))
        for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return PriceStatistics(code, len(amounts), low, lower, median, upper, high, bins)
