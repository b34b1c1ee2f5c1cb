"""When the change log is told to forget, and what is asked before."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.errors import DamagedGenerationError, EngineError, LockHeldError
from engine.live.compaction import _AGAIN_SECONDS, _AT_A_TIME, _RETRY_SECONDS, Compaction
from engine.types import FoldedChanges

WAIT = 10.0


@dataclass
class FakeLog:
    """Forgets `left` changes, as many at a time as it is allowed."""

    left: int = 0
    writing: bool = True
    asked: list[Sequence[FoldedChanges]] = field(default_factory=list)

    def forget(self, generations: Sequence[FoldedChanges], most: int) -> int:
        self.asked.append(generations)
        some = min(self.left, most)
        self.left -= some
        return some


@dataclass
class FakeGenerations:
    """`failure` is raised by who asks; `turns` counts how often the lock was had."""

    failure: EngineError | None = None
    turns: int = 0

    @contextmanager
    def building(self) -> Iterator[None]:
        if isinstance(self.failure, LockHeldError):
            raise self.failure
        self.turns += 1
        yield

    def folded(self) -> Sequence[FoldedChanges]:
        if self.failure is not None:
            raise self.failure
        return (FoldedChanges(5), FoldedChanges(3))


@dataclass
class World:
    log: FakeLog = field(default_factory=FakeLog)
    generations: FakeGenerations = field(default_factory=FakeGenerations)
    time: float = 0.0
    compaction: Compaction = field(init=False)

    def __post_init__(self) -> None:
        self.compaction = Compaction(self.generations, self.log, lambda: self.time)

    def settle(self) -> None:
        """Until all that was asked for has run."""
        done = threading.Event()
        self.compaction._thread.submit(done.set)
        assert done.wait(WAIT)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.compaction.close()


def test_the_first_write_after_a_start_sets_it_to_work_and_later_ones_do_not(world: World) -> None:
    for _ in range(3):
        world.compaction.after_write()
    world.settle()

    assert world.log.asked == [(FoldedChanges(5), FoldedChanges(3))]


def test_later_it_looks_again_since_generations_may_have_been_removed(world: World) -> None:
    for time in (0.0, _AGAIN_SECONDS - 1, _AGAIN_SECONDS):
        world.time = time
        world.compaction.after_write()
        world.settle()

    assert len(world.log.asked) == 2


def test_every_swap_sets_it_to_work(world: World) -> None:
    for _ in range(2):
        world.compaction.after_swap()
        world.settle()

    assert len(world.log.asked) == 2


def test_a_process_that_does_not_write_forgets_nothing_until_it_does(world: World) -> None:
    world.log.writing = False
    world.compaction.after_swap()
    world.settle()
    assert world.log.asked == []

    world.log.writing = True
    world.compaction.after_write()
    world.settle()

    assert len(world.log.asked) == 1


def test_it_goes_on_until_all_is_forgotten_and_gives_a_build_its_turn_in_between(world: World) -> None:
    world.log.left = 2 * _AT_A_TIME + 7

    world.compaction.after_swap()
    world.settle()

    assert world.log.left == 0
    assert world.generations.turns == 3


@pytest.mark.parametrize(
    "failure", [LockHeldError(Path(".build.lock")), DamagedGenerationError(Path("manifest.json"), "is cut")]
)
def test_while_a_build_runs_or_a_manifest_is_damaged_it_waits_and_tries_again(
    world: World, failure: EngineError
) -> None:
    world.generations.failure = failure
    world.compaction.after_swap()
    world.settle()
    world.generations.failure = None

    world.compaction.after_write()
    world.settle()
    assert world.log.asked == []
    world.time = _RETRY_SECONDS
    world.compaction.after_write()
    world.settle()

    assert len(world.log.asked) == 1


def test_a_closed_one_does_nothing(world: World) -> None:
    world.compaction.close()

    world.compaction.after_swap()

    assert world.log.asked == []
