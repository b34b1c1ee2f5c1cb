"""Near duplicates: products whose words and attributes are almost the same. They are reported, not dropped.

Similarity is the Jaccard index of two sets: runs of three words of title, brand and description, and the
statements of the attributes (identifiers left out). Each product joins the most similar earlier group whose
FIRST product is at least `threshold` similar, else it opens a group. Prefix filtering (Chaudhuri et al.,
ICDE 2006; Xiao et al., PPJoin, WWW 2008) finds those exactly: two sets that similar must share one of their
rarest elements. Unlike MinHash with LSH it misses none, and here it is quicker. Comparing with first products
only keeps a family of thousands of variants cheap, and keeps chains of small steps from joining unlike ones.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Product, ProductId

DEFAULT_THRESHOLD = 0.9
_SHINGLE = 3
_IDENTIFIER_ROWS = 20
_IDENTIFIER_SHARE = 0.9
_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7af]|[^\W_]+")
"""A word, or one character of a script that is written without blanks."""
_COUNTER_BITS = 22
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)

Elements = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class NearDuplicateGroup:
    """Ids in the order of the catalogue; `lowest_similarity` in [0, 1] is that of any member to the first."""

    ids: tuple[ProductId, ...]
    lowest_similarity: float


def find_near_duplicates(
    products: Sequence[Product], threshold: float = DEFAULT_THRESHOLD
) -> tuple[NearDuplicateGroup, ...]:
    """Groups of two or more, in the order of their first products. `threshold` in (0, 1]."""
    numbering: dict[str, int] = {}
    identifiers = _identifier_keys(products)
    sets = [_elements(product, identifiers, numbering) for product in products]
    rarity = np.zeros(1 << _COUNTER_BITS, np.int64)
    for elements in sets:
        rarity[_slot(elements)] += 1
    groups = _Groups(threshold, rarity)
    for row, elements in enumerate(sets):
        groups.place(row, elements)
    return tuple(
        NearDuplicateGroup(tuple(products[row].id for row in rows), lowest) for rows, lowest in groups.found()
    )


def jaccard(first: Elements, second: Elements) -> float:
    """Of two sets given as sorted arrays without repeats."""
    shared = int(np.count_nonzero(np.isin(first, second, assume_unique=True)))
    return shared / (len(first) + len(second) - shared)


class _Groups:
    def __init__(self, threshold: float, rarity: NDArray[np.int64]) -> None:
        self._threshold = threshold
        self._rarity = rarity
        self._openers: dict[int, Elements] = {}
        self._postings: dict[int, list[int]] = {}
        self._members: dict[int, list[int]] = {}
        self._lowest: dict[int, float] = {}

    def place(self, row: int, elements: Elements) -> None:
        prefix = self._prefix(elements)
        opener, similarity = self._most_similar(prefix, elements)
        if opener is not None:
            self._members.setdefault(opener, [opener]).append(row)
            self._lowest[opener] = min(similarity, self._lowest.get(opener, 1.0))
            return
        self._openers[row] = elements
        for element in prefix:
            self._postings.setdefault(element, []).append(row)

    def found(self) -> list[tuple[list[int], float]]:
        return [(self._members[opener], self._lowest[opener]) for opener in sorted(self._members)]

    def _prefix(self, elements: Elements) -> list[int]:
        """The rarest elements, so many that a similar enough set has to hold one of them."""
        length = len(elements) - math.ceil(self._threshold * len(elements) - 1e-9) + 1
        order = np.lexsort((elements, self._rarity[_slot(elements)]))
        rarest: list[int] = elements[order[:length]].tolist()
        return rarest

    def _most_similar(self, prefix: list[int], elements: Elements) -> tuple[int | None, float]:
        best: int | None = None
        highest = 0.0
        size = len(elements)
        for row in sorted({row for element in prefix for row in self._postings.get(element, ())}):
            other = self._openers[row]
            if min(size, len(other)) < self._threshold * max(size, len(other)) - 1e-9:
                continue
            similarity = jaccard(elements, other)
            if similarity >= self._threshold and similarity > highest:
                best, highest = row, similarity
        return best, highest


def _identifier_keys(products: Sequence[Product]) -> frozenset[str]:
    """Text attributes that hardly ever repeat a value (EAN, part number) tell copies apart, not products."""
    filled: Counter[str] = Counter()
    distinct: dict[str, set[int]] = {}
    for product in products:
        for key, value in product.attributes.items():
            if isinstance(value, (str, tuple)):
                filled[key] += 1
                distinct.setdefault(key, set()).add(hash(value))
    return frozenset(
        key
        for key, count in filled.items()
        if count >= _IDENTIFIER_ROWS and len(distinct[key]) >= _IDENTIFIER_SHARE * count
    )


def _elements(product: Product, identifiers: frozenset[str], numbering: dict[str, int]) -> Elements:
    """Sorted unique numbers: one for each run of three words and for each attribute statement."""
    text = f"{product.title} {product.brand} {product.description}".casefold()
    words = np.array([numbering.setdefault(word, len(numbering)) for word in _WORD.findall(text)], np.uint64)
    statements = np.array(
        [
            numbering.setdefault(f"{key}={value}", len(numbering))
            for key, value in product.attributes.items()
            if key not in identifiers
        ],
        np.uint64,
    )
    return np.unique(np.concatenate([_runs(words), _scrambled(statements * _MIX[0] + _MIX[2])]))


def _runs(words: Elements) -> Elements:
    if len(words) < _SHINGLE:
        words = np.concatenate([words, np.full(_SHINGLE - len(words), np.iinfo(np.uint64).max, np.uint64)])
    windows = np.lib.stride_tricks.sliding_window_view(_scrambled(words + _MIX[1]), _SHINGLE)
    return _scrambled((windows * _MIX).sum(axis=1, dtype=np.uint64))


def _scrambled(numbers: Elements) -> Elements:
    """SplitMix64's finaliser (Steele et al., OOPSLA 2014): near numbers become unlike ones."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _slot(elements: Elements) -> NDArray[np.int64]:
    """Counters are shared by hash: a rarity that is a little off changes the speed, never the result."""
    return (elements & np.uint64((1 << _COUNTER_BITS) - 1)).astype(np.int64)
