"""The processes behind the answers: kept, killed, replaced."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.knowledge_graph import STORE
from engine.deadline import Deadline
from engine.errors import (
    CancelledError,
    DamagedGenerationError,
    DeadlineExceededError,
    EngineError,
    FailedPreconditionError,
    NotServingError,
    OverloadedError,
    QueryEndedError,
)
from engine.graph_values import Solutions
from tests.damaged_store import damage_blocks
from tests.unit.backends.graph_query.asking import (
    RUNAWAY,
    WAIT,
    ask,
    children,
    in_background,
    wait_for_a_child_beside,
)


def test_one_child_answers_query_after_query(pool: GraphQueryPool) -> None:
    ask(pool, "ASK {}")
    (first,) = pool.pids()
    for _ in range(5):
        ask(pool, "ASK {}")

    assert pool.pids() == (first,)


def test_a_child_that_has_grown_by_half_of_its_memory_is_replaced(graph_folder: Path) -> None:
    """25,000 texts of 1,000 bytes are 25 MB: more than half of 40 MiB, which Oxigraph does not give back."""
    pool = GraphQueryPool(graph_folder / STORE, processes=1, memory_mib=40)
    ask(pool, "ASK {}")
    (before,) = pool.pids()
    text = f"CONCAT(STR(?a), STR(?c), '{'y' * 1_000}')"
    pairs = f"?a <urn:filler:says> ?b . ?c <urn:filler:says> ?d BIND({text} AS ?x)"

    found = ask(
        pool, f"SELECT (COUNT(*) AS ?n) {{ SELECT DISTINCT ?x {{ {pairs} }} LIMIT 25000 }}", seconds=20
    )

    assert isinstance(found.answer, Solutions)
    assert pool.pids() == ()
    assert before not in children()
    assert ask(pool, "ASK {}").answer is True
    pool.close()


def test_a_runaway_query_is_stopped_and_its_child_replaced(pool: GraphQueryPool) -> None:
    ask(pool, "ASK {}")
    (before,) = pool.pids()
    start = time.monotonic()

    with pytest.raises(DeadlineExceededError, match=r"did not end within 0\.\d+ s and was stopped"):
        ask(pool, RUNAWAY, seconds=0.6)

    assert time.monotonic() - start < 5
    assert before not in children()
    assert ask(pool, "ASK {}").answer is True
    assert before not in pool.pids()


def test_a_caller_that_goes_away_stops_its_query(pool: GraphQueryPool) -> None:
    gone = threading.Event()
    ended: list[EngineError] = []
    before = children()
    thread = in_background(pool, ended, Deadline(None, gone.is_set))
    child = wait_for_a_child_beside(before)

    gone.set()
    thread.join(WAIT)

    assert [type(error) for error in ended] == [CancelledError]
    assert child not in children()


def test_one_query_more_than_processes_is_refused_at_once(pool: GraphQueryPool) -> None:
    gone = threading.Event()
    ended: list[EngineError] = []
    before = children()
    threads = []
    for _ in range(2):
        threads.append(in_background(pool, ended, Deadline(None, gone.is_set)))
        before.add(wait_for_a_child_beside(before))
    start = time.monotonic()

    with pytest.raises(OverloadedError, match="All 2 processes for graph queries are busy"):
        ask(pool, "ASK {}")

    assert time.monotonic() - start < 1
    gone.set()
    for thread in threads:
        thread.join(WAIT)
    assert ask(pool, "ASK {}").answer is True


def test_a_child_that_is_killed_while_it_runs_ends_its_query_alone(pool: GraphQueryPool) -> None:
    ended: list[EngineError] = []
    before = children()
    thread = in_background(pool, ended, Deadline.none())
    child = wait_for_a_child_beside(before)
    time.sleep(0.3)  # it opens the store meanwhile, and begins

    os.kill(child, signal.SIGKILL)
    thread.join(WAIT)

    assert [type(error) for error in ended] == [QueryEndedError]
    assert ended[0].message == (
        "The process that ran the query was ended from outside (signal 9); ask again."
    )
    assert ask(pool, "ASK {}").answer is True


def test_a_child_that_is_killed_while_it_waits_is_replaced_unseen(pool: GraphQueryPool) -> None:
    ask(pool, "ASK {}")
    (child,) = pool.pids()
    os.kill(child, signal.SIGKILL)

    assert ask(pool, "ASK {}").answer is True
    assert child not in pool.pids()


def test_closing_ends_the_children_and_refuses_further_queries(graph_folder: Path) -> None:
    pool = GraphQueryPool(graph_folder / STORE, processes=1, memory_mib=128)
    ask(pool, "ASK {}")
    (child,) = pool.pids()

    pool.close()

    assert child not in children()
    with pytest.raises(NotServingError):
        ask(pool, "ASK {}")


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    pool = GraphQueryPool(tmp_path / "store", processes=1, memory_mib=128)

    with pytest.raises(DamagedGenerationError, match="store cannot be opened by a query"):
        ask(pool, "ASK {}")
    pool.close()


def test_a_store_whose_files_are_cut_is_named(graph_folder: Path, tmp_path: Path) -> None:
    """Oxigraph says so with another error than when files are missing."""
    shutil.copytree(graph_folder / STORE, tmp_path / "store")
    (tmp_path / "store" / "CURRENT").write_bytes(b"MANIF")
    pool = GraphQueryPool(tmp_path / "store", processes=1, memory_mib=128)

    with pytest.raises(DamagedGenerationError, match="store cannot be opened by a query"):
        ask(pool, "ASK {}")
    pool.close()


def test_a_store_that_turns_out_damaged_is_named_and_no_fault_of_the_query(
    graph_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(graph_folder / STORE, tmp_path / "store")
    damage_blocks(tmp_path / "store")
    pool = GraphQueryPool(tmp_path / "store", processes=1, memory_mib=128)

    with pytest.raises(DamagedGenerationError, match="store could not be read by a query"):
        ask(pool, "SELECT * { ?s ?p ?o }")
    pool.close()


def test_a_server_with_no_processes_says_how_to_get_some(graph_folder: Path) -> None:
    pool = GraphQueryPool(graph_folder / STORE, processes=0, memory_mib=128)

    with pytest.raises(FailedPreconditionError, match="--graph-query-processes 1 or more"):
        ask(pool, "ASK {}")
    pool.close()
