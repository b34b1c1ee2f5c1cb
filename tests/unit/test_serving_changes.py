"""Which live changes a generation is told of when it is served, and which generations pass the gate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import RelevanceGateError
from engine.generation import DataFolder
from engine.manifest import folded_parameters
from engine.serving import ServingEngine
from engine.types import FoldedChanges
from index_builder.publish import Summary, publish, seal
from tests.event_samples import event_book
from tests.unit.test_generation import write_parts
from tests.unit.test_serving import World


def published(data: Path, name: str, *, held: int = 0, ndcg: float = 0.5) -> str:
    """A generation with the live changes up to `held`; the first one is active."""
    work = write_parts(data / "building" / name, name)
    folded = FoldedChanges(held, "log", "lineage") if held else FoldedChanges()
    about = Summary("0.1", 4, 3, 2, 10, 0.97, folded_parameters(folded), {}, {"ndcg@10": ndcg})
    seal(work, about)
    return publish(work, data, activate=DataFolder(data).pointer() is None).id


@contextmanager
def serving(data: Path, first: str, second: str, *, ratio: float = 0.0) -> Iterator[World]:
    world = World(DataFolder(data), first, second)
    world.engine = ServingEngine(
        world.data,
        world.load,
        log=world.log,
        events=event_book(data),
        batch_threads=1,
        live_products=10,
        min_relevance_ratio=ratio,
    )
    world.engine.start(world.data.open_active())
    try:
        yield world
    finally:
        world.engine.close()


def test_a_generation_is_told_only_of_changes_after_those_that_it_holds(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first"), published(tmp_path, "second", held=3)
    with serving(tmp_path, first, second) as world:
        world.log.sequences, world.log.meanwhile = [1, 2, 3, 4], [5]

        world.engine.activate(second)

        assert world.lives[second].told == [4, 5]


def test_a_generation_that_holds_all_changes_goes_on_from_there(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first"), published(tmp_path, "second", held=3)
    with serving(tmp_path, first, second) as world:
        world.log.sequences = [1, 2, 3]

        world.engine.activate(second)

        assert (world.lives[second].told, world.lives[second].sequence) == ([], 3)


def test_rolling_back_tells_the_older_one_of_all_that_it_lacks(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first", held=1), published(tmp_path, "second", held=3)
    with serving(tmp_path, first, second) as world:
        world.log.sequences = [1, 2, 3, 4]
        world.engine.activate(second)

        world.engine.roll_back()

        assert world.lives[first].told == [2, 3, 4]


def test_after_a_swap_the_log_forgets_what_every_generation_holds(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first", held=2), published(tmp_path, "second", held=3)
    with serving(tmp_path, first, second) as world:
        world.log.sequences, world.log.told_to_forget = [1, 2, 3, 4], []

        world.engine.activate(second)
        world.engine._compaction._thread.submit(lambda: None).result(10)

        assert world.log.told_to_forget == [2]


def test_a_generation_that_ranks_worse_is_refused_and_what_serves_goes_on(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first", ndcg=0.8), published(tmp_path, "second", ndcg=0.7)
    with serving(tmp_path, first, second, ratio=0.9) as world:
        with pytest.raises(RelevanceGateError, match=r"0\.7000, less than 0\.9 of the 0\.8000"):
            world.engine.activate(second)

        assert world.ask() == (first, "ink")
        assert second not in world.lives  # nothing was loaded for it
        pointer = world.data.pointer()
        assert pointer is not None
        assert pointer.active == first


def test_force_passes_the_gate_and_rolling_back_needs_none(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first", ndcg=0.5), published(tmp_path, "second", ndcg=0.8)
    with serving(tmp_path, first, second, ratio=0.9) as world:
        world.engine.activate(second)
        world.engine.roll_back()
        assert world.ask() == (first, "ink")
        world.engine.activate(second)

        world.engine.activate(first, force=True)

        assert world.ask() == (first, "ink")
