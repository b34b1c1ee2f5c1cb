from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.backends.graph_query import limits
from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.knowledge_graph import STORE
from engine.deadline import Deadline
from engine.errors import (
    CancelledError,
    DamagedGenerationError,
    DeadlineExceededError,
    EngineError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotServingError,
    OverloadedError,
    QueryEndedError,
    QueryLimitError,
    QuerySyntaxError,
)
from engine.graph_values import GraphAnswer, GraphQuery, Solutions, Term, TermKind, Triples
from tests.small_graph import BLACK, CATALOGUE, JET_BLACK, SHELF

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
"""Counts 8,000 million ways to take three of two thousand statements."""
WAIT = 20.0


@pytest.fixture
def pool(graph_folder: Path) -> Iterator[GraphQueryPool]:
    made = GraphQueryPool(graph_folder / STORE, processes=2, memory_mib=128)
    yield made
    made.close()


def ask(
    pool: GraphQueryPool, text: str, *, max_rows: int = 1_000, seconds: float | None = None
) -> GraphAnswer:
    deadline = Deadline.none() if seconds is None else Deadline.after(seconds)
    return pool.run(GraphQuery(text, max_rows), deadline)


def iri(value: str) -> Term:
    return Term(TermKind.IRI, value)


def in_background(pool: GraphQueryPool, ended: list[EngineError], deadline: Deadline) -> threading.Thread:
    """A runaway query in a thread; how it ends goes into `ended`."""

    def run() -> None:
        try:
            pool.run(GraphQuery(RUNAWAY), deadline)
        except EngineError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def children() -> set[int]:
    """Processes that this one started and that run."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def wait_for_a_child_beside(before: set[int]) -> int:
    until = time.monotonic() + WAIT
    while not (new := children() - before):
        assert time.monotonic() < until
        time.sleep(0.005)
    return new.pop()


def test_select_gives_rows_with_named_graphs_and_all_kinds_of_terms(pool: GraphQueryPool) -> None:
    found = ask(
        pool,
        f"SELECT ?o ?g ?none {{ GRAPH ?g {{ <{BLACK}> ?p ?o }} OPTIONAL {{ ?o <urn:nothing> ?none }} }}",
    )
    chinese = Term(TermKind.LITERAL, "黑色", "zh", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString")
    assert found.answer == Solutions(("o", "g", "none"), ((chinese, iri(CATALOGUE), None),))
    assert found.seconds > 0

    blank = ask(pool, "SELECT (BNODE() AS ?b) (1 + 1 AS ?n) {}").answer
    assert isinstance(blank, Solutions)
    node, number = blank.rows[0]
    assert node is not None
    assert node.kind is TermKind.BLANK_NODE
    assert number == Term(TermKind.LITERAL, "2", "", "http://www.w3.org/2001/XMLSchema#integer")


def test_ask_construct_and_describe(pool: GraphQueryPool) -> None:
    assert ask(pool, f"ASK {{ <{JET_BLACK}> ?p <{BLACK}> }}").answer is True
    assert ask(pool, f"ASK {{ <{BLACK}> ?p <{JET_BLACK}> }}").answer is False
    triples = Triples(((iri("urn:x"), iri("urn:y"), iri(JET_BLACK)),))
    assert (
        ask(pool, f"CONSTRUCT {{ <urn:x> <urn:y> ?s }} WHERE {{ ?s ?p <{BLACK}> . ?s ?q <{BLACK}> "
                  f"FILTER(?s = <{JET_BLACK}>) }}").answer == triples
    )  # fmt: skip
    described = ask(pool, f"DESCRIBE <{SHELF}>").answer
    assert isinstance(described, Triples)
    assert [thing.value for _, _, thing in described.rows] == ["Paper & card"]


def test_without_from_all_graphs_are_read_and_with_it_those_named(pool: GraphQueryPool) -> None:
    statements = f"{{ <{JET_BLACK}> ?p ?o }}"

    def count(clause: str) -> str:
        found = ask(pool, f"SELECT (COUNT(*) AS ?n) {clause} {statements}").answer
        assert isinstance(found, Solutions)
        (term,) = found.rows[0]
        assert term is not None
        return term.value

    assert count("") == "1"
    assert count("FROM <urn:cartograph:graph:inference>") == "1"
    assert count(f"FROM <{CATALOGUE}>") == "0"


def test_one_child_answers_query_after_query(pool: GraphQueryPool) -> None:
    ask(pool, "ASK {}")
    (first,) = pool.pids()
    for _ in range(5):
        ask(pool, "ASK {}")

    assert pool.pids() == (first,)


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("SELEC ?s { }", 1, 10, "expected CONSTRUCT"),
        ("SELECT ?s\n  WHERE { ?s ?p }", 2, 18, "expected one of"),
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", 1, 1, "INSERT is an update"),
        ("SELECT * { SERVICE <urn:x> {} }", 1, 12, "SERVICE asks another server"),
    ],
)
def test_a_query_that_may_not_run_is_refused_with_its_place(
    pool: GraphQueryPool, text: str, line: int, column: int, problem: str
) -> None:
    with pytest.raises(QuerySyntaxError, match=f"line {line}, column {column}: {problem}") as raised:
        ask(pool, text)

    assert raised.value.metadata == {"field": "query", "line": str(line), "column": str(column)}


def test_a_function_that_does_not_exist_is_the_querys_fault(pool: GraphQueryPool) -> None:
    with pytest.raises(InvalidArgumentError, match=r"The custom function <urn:f> is not supported\."):
        ask(pool, "SELECT (<urn:f>(1) AS ?x) {}")


def test_as_many_rows_as_allowed_are_given_and_one_more_is_refused(pool: GraphQueryPool) -> None:
    seven = "SELECT ?n { VALUES ?n { 1 2 3 4 5 6 7 } }"

    found = ask(pool, seven, max_rows=7).answer

    assert isinstance(found, Solutions)
    assert len(found.rows) == 7
    with pytest.raises(QueryLimitError, match="The answer has more than 6 rows") as raised:
        ask(pool, seven, max_rows=6)
    assert raised.value.metadata == {"limit": "rows", "max_rows": "6"}
    with pytest.raises(QueryLimitError, match="more than 5 rows"):
        ask(pool, "CONSTRUCT WHERE { ?s ?p ?o }", max_rows=5)


def test_an_answer_of_too_many_bytes_is_refused(pool: GraphQueryPool) -> None:
    """2,000 rows of 2,000 bytes are 4 MB, more than 3 MiB."""
    text = f"SELECT ('{'x' * 2_000}' AS ?x) {{ ?s <urn:filler:says> ?o }}"

    with pytest.raises(QueryLimitError, match="more than 3 MiB of text") as raised:
        ask(pool, text, max_rows=10_000)

    assert raised.value.metadata["limit"] == "bytes"
    assert len(pool.pids()) == 1  # it stopped by itself and lives on


def test_variables_without_a_value_count_as_well(pool: GraphQueryPool) -> None:
    """1,000 rows of 300 unbound variables, 16 bytes each, are 4.8 MB."""
    variables = " ".join(f"?v{number}" for number in range(300))

    with pytest.raises(QueryLimitError, match="more than 3 MiB of text"):
        ask(pool, f"SELECT {variables} {{ ?s <urn:filler:says> ?o }} LIMIT 1000")


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


def test_a_query_that_wants_too_much_memory_is_stopped(pool: GraphQueryPool) -> None:
    """Sorting 4,000,000 pairs takes more than 128 MiB."""
    with pytest.raises(QueryLimitError, match=r"more memory than one may \(128 MiB\)") as raised:
        ask(pool, "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f", seconds=30)

    assert raised.value.metadata == {"limit": "memory", "memory_mib": "128"}
    assert ask(pool, "ASK {}").answer is True


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
    until = time.monotonic() + WAIT
    while not Path(f"/proc/{child}/stat").read_text().split(") ")[1].startswith("Z"):
        assert time.monotonic() < until
        time.sleep(0.005)

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


def test_a_server_with_no_processes_says_how_to_get_some(graph_folder: Path) -> None:
    pool = GraphQueryPool(graph_folder / STORE, processes=0, memory_mib=128)

    with pytest.raises(FailedPreconditionError, match="--graph-query-processes 1 or more"):
        ask(pool, "ASK {}")
    pool.close()


def test_no_query_runs_longer_than_half_a_minute_whatever_the_deadline(pool: GraphQueryPool) -> None:
    from engine.backends.graph_query.pool import _allowed

    assert _allowed(Deadline.none()) == limits.DEFAULT_SECONDS == 5
    assert _allowed(Deadline.after(3_600)) == limits.MAX_SECONDS == 30
    assert _allowed(Deadline.after(2)) == pytest.approx(1.9, abs=0.1)
    with pytest.raises(DeadlineExceededError):
        ask(pool, "ASK {}", seconds=-1)
