"""What a product's own words and attribute keys say of single categories."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from engine.types import Product
from index_builder.graph.alignment.attributes import Match
from index_builder.graph.alignment.evidence import ATTRIBUTES, OTHER_THING, TITLE_WORDS
from index_builder.graph.alignment.words import NameIndex, Variant, words_of
from index_builder.graph.ontologies.taxonomy import Taxonomy

_DESCRIPTION = 120
_DESCRIPTION_WORD = 0.6
_MIN_COVERAGE = 0.5
_ASIDE = re.compile(r"\s(?:for|with|fits|compatible)\s|\(|适用|兼容")
_OTHER_THINGS = frozenset({"accessory", "part", "replacement", "refill", "component"})
_SAID_OTHERWISE = _OTHER_THINGS | {"kit", "spare", "unit", "tray"}


class TitleWords:
    """How much of a concept's name a product's title says, for given pairs of them."""

    def __init__(self, products: Sequence[Product], index: NameIndex) -> None:
        self._index = index
        self._said = [_said(product) for product in products]
        self._other = np.array(
            [
                all(variant.words & _OTHER_THINGS for variant in variants) if variants else False
                for variants in index.of_concept
            ]
        )

    def __call__(self, row: int, concepts: Sequence[int]) -> list[float]:
        """Float for each concept; below 0 for accessories and parts that the title does not speak of."""
        said = self._said[row]
        otherwise = not _SAID_OTHERWISE.isdisjoint(said)
        found = []
        for concept in concepts:
            best = max(
                (self._coverage(variant, said) for variant in self._index.of_concept[concept]), default=0
            )
            penalty = OTHER_THING if self._other[concept] and not otherwise else 0.0
            found.append(TITLE_WORDS * best - penalty)
        return found

    def _coverage(self, variant: Variant, said: Mapping[str, float]) -> float:
        covered = sum(self._index.rarity(word) * said[word] for word in sorted(variant.words) if word in said)
        share = covered / variant.weight if variant.weight else 0.0
        if share <= _MIN_COVERAGE:
            return 0.0
        return share * share * math.log1p(variant.weight) / 3 * variant.sure


def _said(product: Product) -> dict[str, float]:
    """The title's words up to "for", "with", ...; those after it, the category's and the description's count
    less.
    """
    title = _ASIDE.split(f" {product.title}", maxsplit=1)[0]
    said = dict.fromkeys(
        words_of(f"{product.title} {' '.join(product.category[-2:])} {product.description[:_DESCRIPTION]}"),
        _DESCRIPTION_WORD,
    )
    return {**said, **dict.fromkeys(words_of(title), 1.0)}


class AttributeOverlap:
    """How many of the attributes that a product has, by the alignment of its keys, a category has: shares of
    their rarity among the categories, for given pairs.
    """

    def __init__(self, products: Sequence[Product], taxonomy: Taxonomy, keys: Mapping[str, Match]) -> None:
        counts = np.bincount(
            [place for places in taxonomy.category_attributes for place in places],
            minlength=len(taxonomy.attributes),
        )
        self._rarity = [
            math.log(len(taxonomy.concepts) / count) if count else 0.0 for count in counts.tolist()
        ]
        self._of_category = [frozenset(places) for places in taxonomy.category_attributes]
        self._of_product = [
            frozenset(keys[key].place for key in product.attributes if key in keys) for product in products
        ]

    def __call__(self, row: int, concepts: Sequence[int]) -> list[float]:
        own = self._of_product[row]
        total = 1 + self._sum(own)
        return [ATTRIBUTES * self._sum(own & self._of_category[concept]) / total for concept in concepts]

    def _sum(self, places: frozenset[int]) -> float:
        return sum(self._rarity[place] for place in sorted(places))
