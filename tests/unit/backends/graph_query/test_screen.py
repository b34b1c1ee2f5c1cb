from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.graph_query.screen import MAX_DEPTH, screen
from engine.errors import QuerySyntaxError

HARMLESS = [
    "SELECT * WHERE { ?s ?p ?o }",
    "PREFIX service: <urn:service#> SELECT * { ?SERVICE service:insert $delete . _:service a service:load }",
    'ASK { ?s ?p "SERVICE <urn:x> { }" , \'it is # no comment\', """a "quoted" SERVICE""" }',
    "ASK { <http://example.org/SERVICE#LOAD> ?p ?o } # SERVICE <urn:x> {}",
    "SELECT * { ?s rdfs:label ?insert FILTER(?s<?o) BIND('a\\'SERVICE' AS ?x) }",
    "PREFIX : <urn:> SELECT * { :SERVICE :a\\#b :c }",
    "SELECT (CONCAT('load', ?copy) AS ?add) { ?s ?p ?copy }",
    "BASE <urn:> PREFIX add: <urn:add> DESCRIBE <clear>",
    "SELECT ?with { GRAPH ?g { ?with a <urn:DROP> } }",
    "",
    "nonsense",
]
UPDATES = ["INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"]


@pytest.mark.parametrize("query", HARMLESS)
def test_words_inside_texts_names_and_comments_are_no_keywords(query: str) -> None:
    screen(query)


@pytest.mark.parametrize("word", UPDATES)
def test_an_update_is_refused_where_it_stands(word: str) -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        screen(f"# a comment\nPREFIX ex: <urn:>\n  {word.lower()} DATA {{ <urn:a> <urn:b> <urn:c> }}")

    assert raised.value.message == (
        f"The query cannot run, line 3, column 3: {word} is an update; the graph can only be read "
        "(SELECT, ASK, ...)."
    )
    assert raised.value.metadata == {"field": "query", "line": "3", "column": "3"}


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }", 12),
        ("SELECT * { service silent ?where { ?s ?p ?o } }", 12),
        ("SELECT * {SERVICE<urn:x>{?s ?p ?o}}", 11),
        ("SELECT * { FILTER(1<2)SERVICE ex:x{} }", 23),
        ("SELECT * { <urn:a\\'b> SERVICE <urn:x> {} }", 23),
        ("SELECT * { ex:a\\' SERVICE <urn:x> {} . ex:b\\' ?p ?o }", 19),
        ("SELECT * { ?s ?p 'a\\\\' SERVICE <urn:x> {} . ?o ?p 'b' }", 24),
    ],
)
def test_service_is_refused_wherever_it_hides(query: str, column: int) -> None:
    with pytest.raises(QuerySyntaxError, match="SERVICE asks another server") as raised:
        screen(query)

    assert raised.value.metadata["column"] == str(column)


def test_brackets_may_be_nested_a_hundred_deep_and_no_deeper() -> None:
    screen("ASK " + "{" * MAX_DEPTH + "}" * MAX_DEPTH)
    screen("ASK " + "{}" * 1_000)

    with pytest.raises(QuerySyntaxError, match="column 105: brackets are nested more than 100 deep"):
        screen("ASK " + "{" * 101)


@pytest.mark.parametrize(
    ("query", "names_graphs"),
    [
        ("SELECT * { ?s ?p ?o }", False),
        ("SELECT * { ?s ?p 'FROM' ; <urn:FROM> ?from }", False),
        ("SELECT * FROM <urn:g> { ?s ?p ?o }", True),
        ("SELECT * from named <urn:g> { GRAPH ?g { ?s ?p ?o } }", True),
    ],
)
def test_a_from_clause_is_noticed(query: str, names_graphs: bool) -> None:
    assert screen(query).names_graphs is names_graphs


@given(st.text(alphabet="SERVICE insert <>\"'\\#?:_.{}()\n墨", max_size=300))
def test_any_text_is_screened_and_fails_only_with_an_error_for_the_caller(query: str) -> None:
    with suppress(QuerySyntaxError):
        screen(query)
