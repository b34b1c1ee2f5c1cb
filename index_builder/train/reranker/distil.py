"""A small cross-encoder made from a large one: it starts from some of its layers and learns its scores.

The teacher's scores need no labels, so every query can bring the products that a search finds for it, which
is where the student has to tell products apart once it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.types import FloatArray, RowArray
from index_builder.train.queries.query import TrainingQuery
from index_builder.train.reranker.pair_lists import Found, PairList
from index_builder.train.reranker.pair_quality import logits_by_list

_LISTS_AT_ONCE = 64


def student_layers(teacher_depth: int, count: int) -> tuple[int, ...]:
    """Evenly spread, the first and the last among them: (0, 2, 5) of 6 for 3, (0, 5) for 2, (5,) for 1.

    The layers between adapt more easily than the ends ("DistilBERT", Sanh et al., 2019, takes every other).
    """
    if count >= teacher_depth:
        return tuple(range(teacher_depth))
    if count == 1:
        return (teacher_depth - 1,)
    return tuple(int(place * (teacher_depth - 1) / (count - 1)) for place in range(count))


def start_student(teacher: PairModel, count: int) -> PairModel:
    """A copy of the teacher with `count` of its layers, and its head."""
    return teacher.keeping(student_layers(teacher.depth, count))


def taught(
    teacher: PairModel,
    lists: Sequence[PairList],
    spec: ModelSpec,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> list[FloatArray]:
    """The teacher's logits of each list, float32 (n,); once `stop` says so, the lists left over have none."""
    logits: list[FloatArray] = []
    for start in range(0, len(lists), _LISTS_AT_ONCE):
        if stop():
            break
        logits.extend(logits_by_list(teacher, lists[start : start + _LISTS_AT_ONCE], spec))
    return logits


def with_teacher(lists: Sequence[PairList], logits: Sequence[FloatArray]) -> list[PairList]:
    """The lists that have logits, with them; graded lists without keep what they have."""
    scored = [replace(each, teacher=given) for each, given in zip(lists, logits, strict=False)]
    return scored + [each for each in lists[len(scored) :] if each.grades is not None]


def found_by_search(
    queries: Sequence[TrainingQuery],
    candidates: Callable[[str], RowArray],
    *,
    count: int,
    depth: int,
    seed: int,
) -> list[Found]:
    """What a search finds for at most `count` different queries, drawn by `seed`: `depth` rows for each."""
    texts = sorted({query.text for query in queries})
    drawn = np.random.default_rng(seed).permutation(len(texts))[:count].tolist()
    found = [(texts[place], candidates(texts[place])[:depth]) for place in drawn]
    return [(text, rows) for text, rows in found if len(rows) > 1]
