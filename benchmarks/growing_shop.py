"""A made-up shop of any size, the same for the same seed, shaped like a real one: few brands, types and
values have most products, most values have one (Zipf's law, exponent 1.1), accessories name what they fit.

Words are pronounceable and meaningless; nothing is taken from any catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import AttributeValue, Product, ProductId

_SKEW = 1.1
_STATED = 7
"""Attributes of a product, beside type and colour."""
_DRAWN_VALUES, _OWN_VALUES = 2000, 300
"""An attribute draws among so many values, and the next attribute's start so many later."""
_ONSET_LIST = "b br c cl d dr f fl g gr h k kr l m n p pl pr qu r s sk sl sn st t tr v w z"
_VOWEL_LIST = "a e i o u ea ou"
_END_LIST = "b ck d ft g l ll m n nd nt p r rd rk st t th x"
_COLOR_LIST = "black white grey silver red blue green yellow pink brown orange purple gold beige cyan"
_ONSETS, _VOWELS, _ENDS = _ONSET_LIST.split(), _VOWEL_LIST.split(), _END_LIST.split()
_COLORS = _COLOR_LIST.split()
_SHADES = ("dark ", "light ", "matte ", "pale ", "", "", "", "")


class _Zipf:
    """Draws places below `size`, the first most often."""

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        weights = 1 / np.arange(1, size + 1) ** _SKEW
        self._until = np.cumsum(weights / weights.sum())
        self._generator = generator

    def __call__(self, count: int) -> NDArray[np.int64]:
        drawn = np.searchsorted(self._until, self._generator.random(count))
        return np.minimum(drawn, len(self._until) - 1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each there are in a shop of that many products."""

    products: int
    brands: int
    types: int
    attributes: int
    values: int
    targets: int

    @classmethod
    def of(cls, products: int) -> Sizes:
        """Grows as catalogues do: more products bring more values, but ever fewer new ones."""
        root = int(products**0.5)
        return cls(products, 4 * root, 4 * root, 200 + root // 2, products, products // 3)


class GrowingShop:
    """`products` and `queries` may be read once each; both follow from the seed and the sizes."""

    def __init__(self, sizes: Sizes, seed: int) -> None:
        self.sizes = sizes
        self._generator = generator = np.random.default_rng(seed)
        words = self._words(2 * (sizes.brands + sizes.types) + sizes.attributes + 4000)
        self._brands = [next(words).title() for _ in range(sizes.brands)]
        heads = [next(words) for _ in range(max(1, sizes.types // 5))]
        self._types = [
            heads[place] if place < len(heads) else f"{next(words)} {heads[place % len(heads)]}"
            for place in range(sizes.types)
        ]
        self._attributes = [f"{next(words)}_{place}" for place in range(sizes.attributes)]
        vocabulary = [next(words) for _ in range(4000)]
        picks = generator.integers(0, len(vocabulary), (sizes.values, 2))
        self._values = [f"{vocabulary[one]} {vocabulary[two]}" for one, two in picks.tolist()]
        self._targets = [
            f"{self._brands[place % 40]} {vocabulary[place % len(vocabulary)].title()} {1000 + place}"
            for place in range(sizes.targets)
        ]
        self._draw = {
            name: _Zipf(len(of), generator)
            for name, of in (
                ("value", self._values[:_DRAWN_VALUES]),
                ("brand", self._brands),
                ("type", self._types),
                ("attribute", self._attributes),
                ("target", self._targets),
            )
        }

    def products(self) -> Iterator[Product]:
        total, draw, generator = self.sizes.products, self._draw, self._generator
        brands, types = draw["brand"](total).tolist(), draw["type"](total).tolist()
        keys = draw["attribute"](total * _STATED).reshape(total, -1)
        values = self._values_of(keys, draw["value"](keys.size).reshape(keys.shape))
        shades = generator.integers(0, len(_SHADES), total).tolist()
        colors = generator.integers(0, len(_COLORS), total).tolist()
        fits = np.where(generator.random(total) < 0.25, generator.integers(1, 12, total), 0).tolist()
        for row in range(total):
            attributes: dict[str, AttributeValue] = {
                self._attributes[key]: self._values[value % len(self._values)]
                for key, value in zip(keys[row].tolist(), values[row].tolist(), strict=True)
            }
            kind = self._types[types[row]]
            attributes["product_type"] = kind
            attributes["color"] = f"{_SHADES[shades[row]]}{_COLORS[colors[row]]}"
            if fits[row]:
                targets = draw["target"](fits[row]).tolist()
                attributes["compatible_with"] = tuple(self._targets[target] for target in targets)
            brand = self._brands[brands[row]]
            title = f"{brand} {kind} {row + 100} {attributes['color']}"
            head = kind.split()[-1]
            path = ("Everything", f"Aisle {len(head)}", f"All {head}")
            yield Product(
                ProductId(f"P{row}"), title, brand, category=path, attributes=attributes, description=""
            )

    def queries(self, count: int) -> list[str]:
        """A type, mostly; with it a brand, a colour, a value or a target, as often as not."""
        draw, generator = self._draw, self._generator
        parts = generator.random((count, 4))
        names = {
            "brand": [self._brands[place] for place in draw["brand"](count).tolist()],
            "type": [self._types[place] for place in draw["type"](count).tolist()],
            "value": [self._values[place] for place in self._stated(count)],
            "target": [self._targets[place] for place in draw["target"](count).tolist()],
        }
        colors = generator.integers(0, len(_COLORS), count).tolist()
        return [
            " ".join(_query(names, _COLORS[colors[place]], place, parts[place].tolist()))
            for place in range(count)
        ]

    def _stated(self, count: int) -> list[int]:
        drawn = self._values_of(self._draw["attribute"](count), self._draw["value"](count))
        return [int(place) for place in drawn % len(self._values)]

    @staticmethod
    def _values_of(keys: NDArray[np.int64], drawn: NDArray[np.int64]) -> NDArray[np.int64]:
        """Each attribute has values of its own, of which it shares some with the next."""
        return keys * _OWN_VALUES + drawn

    def _words(self, count: int) -> Iterator[str]:
        """Distinct words of two syllables or three."""
        seen: set[str] = set()
        while len(seen) < count:
            syllables = 2 + int(self._generator.integers(0, 2))
            picks = self._generator.random((syllables, 2))
            word = "".join(_pick(_ONSETS, first) + _pick(_VOWELS, second) for first, second in picks.tolist())
            word += _pick(_ENDS, float(self._generator.random()))
            if word not in seen:
                seen.add(word)
                yield word


def _pick(texts: Sequence[str], share: float) -> str:
    return texts[int(share * len(texts))]


def _query(names: dict[str, list[str]], color: str, place: int, share: list[float]) -> Iterator[str]:
    if share[0] < 0.4:
        yield names["brand"][place].lower()
    if share[1] < 0.4:
        yield color
    if share[2] < 0.3:
        yield names["value"][place]
    yield names["type"][place]
    if share[3] < 0.2:
        yield f"for {names['target'][place].lower()}"
