"""What a cross-encoder learns from: the products of one query together, as tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from tokenizers import Encoding

from engine.backends.tokens import TextTokens
from engine.types import FloatArray, RowArray
from index_builder.train.queries.query import TrainingPair, TrainingQuery

Found = tuple[str, RowArray]
"""A query and the products that a search found for it, without grades."""


@dataclass(frozen=True, slots=True)
class PairList:
    """n pairs of one query. `grades`, float32 (n,) in [0, 1], are missing where nobody graded the products;
    `teacher`, float32 (n,), are a larger model's logits. `weight` is what the list counts beside others.
    """

    encodings: tuple[Encoding, ...]
    grades: FloatArray | None = None
    teacher: FloatArray | None = None
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.encodings)

    @property
    def length(self) -> int:
        """Tokens of the longest pair."""
        return max(len(encoding) for encoding in self.encodings)


def lists_of_pairs(pairs: Sequence[TrainingPair], tokens: TextTokens) -> list[PairList]:
    """Neighbours with the same query become one list."""
    encodings = iter(tokens.pairs([pair.query for pair in pairs], [pair.product_text for pair in pairs]))
    return [
        PairList(
            tuple(next(encodings) for _ in together),
            np.array([pair.label for pair in together], np.float32),
        )
        for together in (list(group) for _, group in groupby(pairs, key=lambda pair: pair.query))
    ]


def lists_of_queries(
    queries: Iterable[TrainingQuery], product_text: Callable[[int], str], tokens: TextTokens
) -> list[PairList]:
    """One graded list for each query, in their order; a query without products has none."""
    asked = [query for query in queries if len(query.rows)]
    texts = [product_text(row) for query in asked for row in query.rows.tolist()]
    words = [query.text for query in asked for _ in query.rows]
    encodings = iter(tokens.pairs(words, texts))
    return [
        PairList(
            tuple(next(encodings) for _ in query.rows),
            np.asarray(query.grades, np.float32),
            weight=query.weight,
        )
        for query in asked
    ]


def lists_of_found(
    found: Iterable[Found], product_text: Callable[[int], str], tokens: TextTokens
) -> list[PairList]:
    """Lists without grades, for a teacher to score."""
    return [
        PairList(tuple(tokens.pairs([text] * len(rows), [product_text(row) for row in rows.tolist()])))
        for text, rows in found
    ]


def batches_of(lists: Sequence[PairList], *, batch_size: int, epochs: int, seed: int) -> list[list[int]]:
    """Places of whole lists of similar length together, so that little is padded; batches in random order.

    A batch takes lists until it holds `batch_size` pairs. The same input and seed give the same batches.
    """
    chance = np.random.default_rng(seed)
    batches: list[list[int]] = []
    for _ in range(epochs):
        mixed = chance.permutation(len(lists)).tolist()
        epoch: list[list[int]] = [[]]
        for place in sorted(mixed, key=lambda place: lists[place].length):
            if sum(len(lists[other]) for other in epoch[-1]) >= batch_size:
                epoch.append([])
            epoch[-1].append(place)
        batches.extend(epoch[place] for place in chance.permutation(len(epoch)))
    return batches
