"""Reading candidates with a cross-encoder: the page is that of reading them all, for less reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.deadline import Deadline
from engine.stages.fuse import Scored
from engine.stages.rerank import PART, Rerank
from engine.types import FloatArray

WEIGHT = 0.5


@dataclass(slots=True)
class Reader:
    """Fits `PairScorer`: the probability of row i is `probabilities[i]`; remembers what it read, in order."""

    probabilities: Sequence[float]
    read: list[int] = field(default_factory=list)

    def score(self, _query: str, texts: Sequence[str], _deadline: Deadline | None = None) -> FloatArray:
        rows = [int(text) for text in texts]
        self.read += rows
        return np.array([self.probabilities[row] for row in rows], np.float32)


def scored(scores: Sequence[float]) -> Scored:
    return Scored.ordered(np.arange(len(scores)), {"words": np.array(scores, np.float64)})


def rerank(reader: Reader) -> Rerank:
    return Rerank(reader, lambda rows: [str(row) for row in rows.tolist()], WEIGHT)


def page(result: Scored, end: int) -> list[tuple[int, float]]:
    return list(zip(result.rows[:end].tolist(), result.scores[:end].tolist(), strict=True))


def test_the_first_candidates_gain_what_the_reader_gives_them() -> None:
    reader = Reader([0.1, 0.9, 0.5])

    result = rerank(reader)("q", scored([1.0, 0.8, 0.7]), 2, Deadline.none())

    assert page(result.scored, 3) == [
        (1, 0.8 + 0.5 * np.float32(0.9)),
        (0, 1.0 + 0.5 * np.float32(0.1)),
        (2, 0.7),
    ]
    assert (result.rows.tolist(), reader.read) == ([0, 1], [0, 1])


def test_what_cannot_reach_the_page_is_not_read() -> None:
    """With 1.0 + .5 x .2 the second place stands at 1.1 or above: .7 may pass it, .5 cannot."""
    reader = Reader([0.2] * 4)

    result = rerank(reader)("q", scored([2.0, 1.0, 0.7, 0.5]), 4, Deadline.none(), settles=2)

    assert reader.read == [0, 1, 2]
    assert result.scored.parts[PART].tolist()[-1] == 0


def test_a_page_that_is_settled_by_its_own_candidates_is_read_at_once() -> None:
    reader = Reader([0.9] * 3)

    rerank(reader)("q", scored([3.0, 2.0, 1.0]), 3, Deadline.none(), settles=1)

    assert reader.read == [0]


numbers = st.floats(0, 1, width=32)


@given(
    st.lists(st.tuples(st.floats(0, 2, width=16), numbers), min_size=1, max_size=30),
    st.integers(1, 35),
    st.integers(1, 35),
)
def test_places_scores_and_parts_of_the_page_are_those_of_reading_all(
    candidates: Sequence[tuple[float, float]], depth: int, end: int
) -> None:
    scores, probabilities = zip(*candidates, strict=True)
    ordered = scored(scores)
    frugal, thorough = Reader(probabilities), Reader(probabilities)

    settled = rerank(frugal)("q", ordered, depth, Deadline.none(), settles=end)
    whole = rerank(thorough)("q", ordered, depth, Deadline.none())

    assert page(settled.scored, end) == page(whole.scored, end)
    assert settled.scored.parts[PART][:end].tolist() == whole.scored.parts[PART][:end].tolist()
    assert frugal.read == thorough.read[: len(frugal.read)]
    assert sorted(settled.scored.rows.tolist()) == list(range(len(candidates)))


@pytest.mark.parametrize("depth", [1, 3, 10])
def test_no_candidate_is_read_twice(depth: int) -> None:
    reader = Reader([0.0] * 5)

    result = rerank(reader)("q", scored([0.5, 0.4, 0.3, 0.2, 0.1]), depth, Deadline.none(), settles=2)

    assert reader.read == list(range(min(depth, 5))) == result.rows.tolist()
