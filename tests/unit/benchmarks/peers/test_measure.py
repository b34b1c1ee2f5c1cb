from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.filters import made_up
from benchmarks.peers.measure import closed_loop, measure, tune
from benchmarks.peers.truth import Queries, worst_right_scores
from tests.unit.benchmarks.peers.fake_peer import ENOUGH, FakePeer

VECTORS = made_up(300, 16, seed=1)
ASKED = made_up(20, 16, seed=2)
QUERIES = Queries(VECTORS, ASKED, worst_right_scores(VECTORS, ASKED))


def test_the_lowest_effort_that_reaches_the_target_is_taken() -> None:
    assert tune(FakePeer(VECTORS), QUERIES) == (ENOUGH, 1.0)


def test_the_highest_effort_is_told_with_its_recall_where_none_reaches_the_target() -> None:
    class Weak(FakePeer):
        efforts = (8, 16)

    assert tune(Weak(VECTORS), QUERIES) == (16, 0.5)


def test_an_engine_is_built_tuned_and_asked_by_one_and_by_sixteen() -> None:
    figures = measure(FakePeer(), QUERIES, QUERIES, seconds=0.1, baseline_mib=0)

    assert (figures.effort, figures.reached, figures.disk_mib) == (ENOUGH, True, 1.0)
    assert [load.callers for load in figures.loads] == [1, 16]
    assert [load.recall for load in figures.loads] == [1.0, 1.0]
    assert all(0 < load.p50_ms <= load.p99_ms for load in figures.loads)
    assert figures.memory_mib is not None
    assert figures.memory_mib > 0


def test_what_one_caller_raises_ends_the_loop_and_is_raised() -> None:
    def fail(place: int) -> Sequence[int]:
        raise ConnectionError(f"query {place}")

    with pytest.raises(ConnectionError, match="query"):
        closed_loop(fail, 10, callers=4, seconds=60)


def test_twins_are_right_answers_and_one_told_twice_counts_once() -> None:
    twins = np.repeat(VECTORS[:12], 2, axis=0)
    query = VECTORS[:1]
    queries = Queries(twins, query, worst_right_scores(twins, query))
    best = np.argsort(-(twins @ query[0]), kind="stable")[:10]

    assert queries.recall(0, best.tolist()) == 1.0
    assert queries.recall(0, [int(best[0])] * 10) == 0.1
