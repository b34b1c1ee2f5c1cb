"""A store with live changes: what it costs, where it is, and that nothing of it stays."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import Store

from engine.backends.graph_query.live_store import LiveStore
from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.knowledge_graph import STORE
from engine.deadline import Deadline
from engine.errors import DamagedGenerationError, DeadlineExceededError, StorageError
from engine.graph_values import GraphQuery, Statement, Term, TermKind
from tests.small_graph import BLACK, ROOT, SCHEMA

LIVE = f"{ROOT}graph:live"
COLOR = f"{SCHEMA}color"


@dataclass(frozen=True)
class Said:
    """Fits `GraphChanges`: products that are black now, or gone."""

    version: int
    now: Mapping[str, int | None]

    def products(self) -> Iterator[tuple[str, int | None]]:
        return iter(self.now.items())

    def node(self, product_id: str) -> str:
        return f"{ROOT}product:{product_id.replace(' ', '%20')}"

    def of(self, iri: str) -> Sequence[Statement]:
        if self.now[iri.removeprefix(f"{ROOT}product:").replace("%20", " ")] is None:
            return ()
        return (Statement(iri, COLOR, Term(TermKind.IRI, BLACK), LIVE),)


@dataclass(frozen=True)
class Slow(Said):
    """Tells nothing before it may."""

    written: threading.Event

    def products(self) -> Iterator[tuple[str, int | None]]:
        assert self.written.wait(10)
        return Said.products(self)


NEW = Said(1, {"P 9": 4})
LATER = Said(2, {"P 9": 4, "P 1": None})


def black(folder: Path) -> set[str]:
    found = Store.read_only(str(folder)).query(
        f"SELECT ?s {{ ?s <{COLOR}> <{BLACK}> }}", use_default_graph_as_union=True
    )
    return {row["s"].value.removeprefix(f"{ROOT}product:") for row in found}  # type: ignore[union-attr]  # a SELECT


@pytest.fixture
def live(graph_folder: Path, tmp_path: Path) -> Iterator[LiveStore]:
    made = LiveStore(graph_folder / STORE, tmp_path)
    yield made
    made.close()


def test_copies_follow_the_changes_and_stay_as_they_were(live: LiveStore, graph_folder: Path) -> None:
    first = live.copy(NEW)
    second = live.copy(LATER)

    assert black(graph_folder / STORE) == {"P%200", "P%201"}
    assert black(first) == {"P%200", "P%201", "P%209"}
    assert black(second) == {"P%200", "P%209"}
    assert live.version == 2


def test_nothing_that_begins_or_ends_at_a_product_that_is_gone_is_left(live: LiveStore) -> None:
    text = str(Store.read_only(str(live.copy(Said(1, {"P 0": None})))))

    assert f"{ROOT}product:P%200>" not in text  # the printer, which others were said to fit
    assert f"{ROOT}product:P%201>" in text


def test_who_asks_with_an_earlier_state_is_given_the_later_one(live: LiveStore) -> None:
    live.copy(LATER)

    assert black(live.copy(NEW)) == {"P%200", "P%209"}
    assert live.version == 2


def test_files_of_statements_are_shared_with_the_generation(live: LiveStore, graph_folder: Path) -> None:
    shared = {path.stat().st_ino for path in (graph_folder / STORE).glob("*.sst")}

    copied = list(live.copy(NEW).glob("*.sst"))

    assert shared <= {path.stat().st_ino for path in copied}
    assert sum(path.stat().st_size for path in copied if path.stat().st_ino not in shared) < 100_000


def test_closing_leaves_nothing_behind_and_the_generation_as_it_was(
    live: LiveStore, graph_folder: Path, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in sorted((graph_folder / STORE).iterdir())}
    live.copy(LATER)

    live.close()

    assert list(tmp_path.iterdir()) == []
    assert {path.name: path.read_bytes() for path in sorted((graph_folder / STORE).iterdir())} == before
    assert black(live.copy(NEW)) == {"P%200", "P%201", "P%209"}  # and it may begin anew


def test_a_folder_that_cannot_be_written_is_named_and_tried_again(graph_folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.touch()  # a file where a folder is wanted
    live = LiveStore(graph_folder / STORE, blocked)

    with pytest.raises(StorageError, match="blocked"):
        live.copy(NEW)

    blocked.unlink()
    assert black(live.copy(NEW)) == {"P%200", "P%201", "P%209"}
    live.close()


def test_a_generation_without_its_store_is_damaged(tmp_path: Path) -> None:
    live = LiveStore(tmp_path / "none", tmp_path)

    with pytest.raises(DamagedGenerationError):
        live.copy(NEW)
    live.close()


@pytest.fixture
def pool(graph_folder: Path, tmp_path: Path) -> Iterator[GraphQueryPool]:
    made = GraphQueryPool(graph_folder / STORE, processes=1, memory_mib=128, scratch=tmp_path)
    yield made
    made.close()


def count_black(pool: GraphQueryPool, changes: Said | None) -> bool:
    """Whether P 9 is black."""
    query = GraphQuery(f"ASK {{ <{ROOT}product:P%209> <{COLOR}> <{BLACK}> }}")
    answer = pool.run(query, Deadline.none(), changes).answer
    assert isinstance(answer, bool)
    return answer


def test_a_query_sees_the_changes_that_were_there_when_it_was_asked(
    pool: GraphQueryPool, tmp_path: Path
) -> None:
    assert count_black(pool, None) is False
    assert count_black(pool, Said(0, {})) is False
    assert list(tmp_path.iterdir()) == []  # no change costs nothing
    (plain,) = pool.pids()

    assert count_black(pool, NEW) is True
    assert count_black(pool, Said(3, {"P 9": None})) is False
    assert count_black(pool, NEW) is False  # asked late
    assert pool.pids() == (plain,)  # which reads another copy each time
    (scratch,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(list(scratch.iterdir())) == 2  # what is written, and what is read


def test_changes_that_take_longer_than_the_caller_may_wait_are_there_for_the_next(
    pool: GraphQueryPool,
) -> None:
    written = threading.Event()
    query = GraphQuery("ASK {}")

    with pytest.raises(DeadlineExceededError, match="were not written into a copy"):
        pool.run(query, Deadline.after(0.3), Slow(1, {"P 9": 4}, written))

    written.set()
    assert count_black(pool, NEW) is True


def test_a_child_that_was_killed_leaves_no_folder(pool: GraphQueryPool, tmp_path: Path) -> None:
    count_black(pool, NEW)
    (pid,) = pool.pids()
    folders = {path.name for path in tmp_path.glob("*/*")}

    os.kill(pid, 9)

    assert count_black(pool, NEW) is True
    assert len({path.name for path in tmp_path.glob("*/*")}) == len(folders)
    pool.close()
    assert list(tmp_path.iterdir()) == []


def test_all_is_written_anew_after_a_copy_failed(live: LiveStore, tmp_path: Path) -> None:
    live.copy(NEW)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    (folder / "2").mkdir()  # where the next copy would be

    with pytest.raises(StorageError):
        live.copy(LATER)

    assert black(live.copy(LATER)) == {"P%200", "P%209"}
