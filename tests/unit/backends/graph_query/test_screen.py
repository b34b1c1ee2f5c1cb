from __future__ import annotations

import time
from contextlib import suppress

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.graph_query.screen import MAX_DEPTH, screen
from engine.errors import QuerySyntaxError

ONE_STATEMENT = pyoxigraph.Store()
ONE_STATEMENT.add(
    pyoxigraph.Quad(pyoxigraph.NamedNode("urn:a"), pyoxigraph.NamedNode("urn:b"), pyoxigraph.Literal("c"))
)
HARMLESS = [
    "SELECT * WHERE { ?s ?p ?o }",
    "PREFIX insert: <urn:service#> SELECT * { ?SERVICE insert:service $delete . _:service a :service }",
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
        ("SELECT * { SERVICE:x {} }", 12),  # a prefixed name, but not to the parser
        ("PREFIX service: <urn:x> SELECT * { ?s service:a ?o }", 8),
        ("SELECT * { SERVICESILENT<urn:x> {} }", 12),
        ("SELECT * { ?s ?p true.SERVICE<urn:x> {} }", 23),
        ("SELECT * { ?s ?p trueSERVICE<urn:x> {} }", 22),
        ("SELECT * { ?s ?p 1SERVICE<urn:x> {} }", 19),
        ('SELECT * { ?s ?p ("""abc") SERVICE <urn:x> {} }', 28),  # "" and "abc" to the parser
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
        ("PREFIX from: <urn:x> DESCRIBE from:here", False),
        ("SELECT ?s { ?s ?p ?o FILTER(?o = from:x) }", False),
        ("PREFIX : <urn:x> SELECT*FROM:g { ?s ?p ?o }", True),
        ("ASKFROM<urn:g>{ ?s ?p ?o }", True),
        ("SELECT * FROM <urn:g> { ?s ?p ?o }", True),
        ("SELECT * from named <urn:g> { GRAPH ?g { ?s ?p ?o } }", True),
    ],
)
def test_a_from_clause_is_noticed(query: str, names_graphs: bool) -> None:
    assert screen(query).names_graphs is names_graphs


@pytest.mark.parametrize("piece", ['"""a', "a.", "a-.", '"\\', "'''\"\"\"", "<", "a:", "@a-", '"""\\"'])
def test_the_longest_query_is_screened_in_a_blink(piece: str) -> None:
    """Such pieces make a careless pattern take seconds, with the interpreter held all the while."""
    start = time.process_time()

    screen(piece * (10_000 // len(piece)))

    assert time.process_time() - start < 0.25


@given(st.text(alphabet="SERVICE insert <>\"'\\#?:_.{}()\n墨", max_size=300))
def test_any_text_is_screened_and_fails_only_with_an_error_for_the_caller(query: str) -> None:
    with suppress(QuerySyntaxError):
        screen(query)


PIECES = [
    " ",
    ".",
    "#",
    "\n",
    "<",
    ">",
    "'",
    '"',
    '"""',
    "\\",
    ":",
    "ex:",
    "ex:a\\'",
    "true",
    "1",
    "{}",
    "?s ",
]
BEFORE = st.lists(
    st.sampled_from([*PIECES, "?s ?p ?o . ", "?s ?p 'x'", '?s ?p ("""a")', "FILTER(1<2)"]), max_size=3
)


@given(
    before=BEFORE.map("".join),
    keyword=st.sampled_from(["SERVICE", "service ", "SERVICESILENT", "SERVICE#\n"]),
    server=st.sampled_from(["<http://127.0.0.1:9/>", ":x", "ex:x", "?s"]),
    after=st.lists(st.sampled_from(PIECES), max_size=3).map("".join),
)
def test_nothing_that_passes_asks_another_server(before: str, keyword: str, server: str, after: str) -> None:
    """Oracle: the engine itself. Its HTTP client refuses port 9 (discard) before it opens a socket."""
    prefixes = "PREFIX : <http://127.0.0.1:9/> PREFIX ex: <http://127.0.0.1:9/>"
    query = f"{prefixes} SELECT * {{ {before}{keyword}{server} {{ ?s ?p ?o }}{after} }}"

    try:
        screen(query)
    except QuerySyntaxError:
        return
    with suppress(SyntaxError, RuntimeError, ValueError):
        list(ONE_STATEMENT.query(query))  # type: ignore[arg-type]  # SELECT gives solutions


def test_the_oracle_knows_a_question_to_another_server() -> None:
    with pytest.raises(OSError, match="port 9 is not allowed"):
        list(ONE_STATEMENT.query("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"))  # type: ignore[arg-type]
