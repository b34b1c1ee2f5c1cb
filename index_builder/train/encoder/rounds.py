"""What is learnt in each round: negatives mined with the encoder as it is by then, and a teacher's scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.backends.cross_encoder import CrossEncoder
from engine.backends.encoder import DualEncoder
from engine.types import FloatArray, RowArray
from index_builder.train.encoder.examples import ExampleMaker, Examples
from index_builder.train.encoder.run_folder import RunFolder
from index_builder.train.queries.query import TrainingQuery

Miner = Callable[[DualEncoder, int], Sequence[RowArray]]
"""(encoder, round from 0) to rows of hard negatives for each training query; an empty list for none."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """A cross-encoder, and the texts of the products as it reads them."""

    model: CrossEncoder
    texts: Sequence[str]

    def score(self, queries: Sequence[str], rows: Sequence[int]) -> FloatArray:
        """Float32 (n,), each in [0, 1]: queries[i] with the product of rows[i]."""
        return self.model.score_pairs(queries, [self.texts[row] for row in rows])

    def scores(self, queries: Sequence[TrainingQuery], examples: Examples) -> FloatArray:
        """Float32 (n, 1 + k), each in [0, 1]; a pair that comes up twice is read once."""
        places = np.repeat(examples.queries, examples.rows.shape[1])
        pairs, back = np.unique(
            np.stack([places, examples.rows.ravel()], axis=1), axis=0, return_inverse=True
        )
        scores = self.model.score_pairs(
            [queries[place].text for place in pairs[:, 0].tolist()],
            [self.texts[row] for row in pairs[:, 1].tolist()],
        )
        return np.asarray(scores, np.float32)[back.ravel()].reshape(examples.rows.shape)


@dataclass(frozen=True, slots=True)
class Rounds:
    """`count` examples a round. A round that was begun before is taken up as it was."""

    queries: Sequence[TrainingQuery]
    maker: ExampleMaker
    count: int
    negatives: Miner
    teacher: Teacher | None
    folder: RunFolder

    def examples(self, round_: int, encoder: DualEncoder) -> Examples:
        if (begun := self.folder.examples(round_)) is not None:
            return begun
        made = self.maker.make(round_, self.count, self.negatives(encoder, round_))
        if self.teacher is not None:
            made = replace(made, teacher=self.teacher.scores(self.queries, made))
        self.folder.keep_examples(round_, made)
        return made


def no_negatives(_encoder: DualEncoder, _round: int) -> Sequence[RowArray]:
    """For training with graded and random products, and those of other queries, alone."""
    return []
