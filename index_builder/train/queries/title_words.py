"""Which titles say which words: what looks like an answer and what is nearly the same product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from engine.text import singular, tokens
from engine.types import Product, RowArray
from index_builder.graph.text.folded import fold

NEAR_DUPLICATE = 0.9
"""Jaccard similarity of title words from which two products are too like each other to be told apart."""
_NONE = np.empty(0, np.int64)


class TitleWords:
    """Words are normalised, without signs of trademarks, and singular; a row is the place of a product."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.in_order = [
            tuple(singular(word) for word in tokens(fold(product.title).text)) for product in products
        ]
        self.of = [frozenset(words) for words in self.in_order]
        said_in: defaultdict[str, list[int]] = defaultdict(list)
        for row, words in enumerate(self.of):
            for word in words:
                said_in[word].append(row)
        self._said_in = {word: np.asarray(rows, np.int64) for word, rows in said_in.items()}

    def __len__(self) -> int:
        return len(self.of)

    def count(self, word: str) -> int:
        """Of titles that say the word."""
        return len(self._said_in.get(word, _NONE))

    def saying(self, words: Iterable[str]) -> RowArray:
        """Rows (int64, ascending) whose titles say all of the words; none without a word."""
        lists = sorted((self._said_in.get(word, _NONE) for word in set(words)), key=len)
        if not lists:
            return _NONE
        rows = lists[0]
        for other in lists[1:]:
            rows = rows[np.isin(rows, other, assume_unique=True)]
        return rows

    def near_duplicates(self, row: int, others: Iterable[int]) -> bool:
        """Whether the title of `row` is nearly that of one of the others."""
        words = self.of[row]
        return any(
            len(words & self.of[other]) >= NEAR_DUPLICATE * len(words | self.of[other]) for other in others
        )
