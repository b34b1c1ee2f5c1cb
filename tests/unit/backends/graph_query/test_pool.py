"""What is asked and what is answered or refused."""

from __future__ import annotations

import pytest

from engine.backends.graph_query import limits
from engine.backends.graph_query.pool import GraphQueryPool
from engine.deadline import Deadline
from engine.errors import DeadlineExceededError, InvalidArgumentError, QueryLimitError, QuerySyntaxError
from engine.graph_values import Solutions, Term, TermKind, Triples
from tests.small_graph import BLACK, CATALOGUE, JET_BLACK, SHELF
from tests.unit.backends.graph_query.asking import ask


def iri(value: str) -> Term:
    return Term(TermKind.IRI, value)


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


def test_a_query_that_wants_too_much_memory_is_stopped(pool: GraphQueryPool) -> None:
    """Sorting 4,000,000 pairs takes more than 128 MiB."""
    with pytest.raises(QueryLimitError, match=r"more memory than one may \(128 MiB\)") as raised:
        ask(pool, "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f", seconds=30)

    assert raised.value.metadata == {"limit": "memory", "memory_mib": "128"}
    assert ask(pool, "ASK {}").answer is True


def test_no_query_runs_longer_than_half_a_minute_whatever_the_deadline(pool: GraphQueryPool) -> None:
    from engine.backends.graph_query.pool import _allowed

    assert _allowed(Deadline.none()) == limits.DEFAULT_SECONDS == 5
    assert _allowed(Deadline.after(3_600)) == limits.MAX_SECONDS == 30
    assert _allowed(Deadline.after(2)) == pytest.approx(1.9, abs=0.1)
    with pytest.raises(DeadlineExceededError):
        ask(pool, "ASK {}", seconds=-1)
