from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from engine.shadow import ShadowedIndex, bucket_of, recall
from engine.types import Candidates, FloatArray, Mask, RowArray

WAIT = 10.0
QUERY = np.array([[1.0, 0.0]], np.float32)
FOUND = Candidates(np.array([0, 5]), np.array([0.9, 0.2], np.float32))
EXACT = Candidates(np.array([0, 1]), np.array([0.9, 0.8], np.float32))


class HalfBlind:
    """Finds one of the two nearest; the exact search waits until it may go on."""

    dimension = 2

    def __init__(self) -> None:
        self.found = FOUND
        self.repeated = 0
        self.may_go_on = threading.Event()

    def __len__(self) -> int:
        return 10

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        return [self.found]

    def exact(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        assert self.may_go_on.wait(WAIT)
        self.repeated += 1
        return [EXACT]

    def vectors(self, rows: RowArray) -> FloatArray:
        return np.zeros((len(rows), 2), np.float32)


@contextmanager
def shadowed(
    index: HalfBlind, told: list[tuple[str, float]], *, a_minute: int = 6
) -> Iterator[ShadowedIndex]:
    made = ShadowedIndex(index, a_minute=a_minute, on_recall=lambda *each: told.append(each))
    try:
        yield made
    finally:
        index.may_go_on.set()
        made.close()


def test_the_answer_does_not_wait_and_its_recall_is_told_by_bucket() -> None:
    index, told = HalfBlind(), list[tuple[str, float]]()
    mask = np.arange(10) < 2

    with shadowed(index, told) as made:
        assert made.search(QUERY, 2, mask) == [FOUND]
        assert told == []

    assert told == [("10%", 0.5)]


def test_no_more_than_so_many_a_minute_are_repeated_and_one_at_a_time() -> None:
    index, told = HalfBlind(), list[tuple[str, float]]()

    with shadowed(index, told) as made:
        for _ in range(5):
            made.search(QUERY, 2)
        index.may_go_on.set()
        made.close()
        made_again = index.repeated

    assert made_again == 1
    assert told == [("all", 0.5)]


def test_a_search_that_finds_nothing_does_not_end_the_checks() -> None:
    index, told = HalfBlind(), list[tuple[str, float]]()

    with shadowed(index, told) as made:
        index.found = Candidates.none()
        made.search(QUERY, 2)
        index.found = FOUND
        made.search(QUERY, 2)

    assert told == [("all", 0.5)]


@pytest.mark.parametrize(
    ("share", "bucket"),
    [
        (1.0, "all"),
        (0.999, "10%"),
        (0.1, "10%"),
        (0.05, "1%"),
        (0.001, "0.1%"),
        (0.0002, "less"),
        (0, "less"),
    ],
)
def test_every_share_has_a_bucket(share: float, bucket: str) -> None:
    assert bucket_of(share) == bucket


def test_twins_are_equals() -> None:
    twins = Candidates(np.array([0, 7]), np.array([0.9, 0.8], np.float32))

    assert recall(twins, EXACT) == 1.0
    assert recall(FOUND, EXACT) == 0.5
    assert recall(Candidates.none(), EXACT) == 0.0
    assert recall(Candidates.none(), Candidates.none()) == 1.0
