"""A graph with live products over it tells what one that was built with them tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.browsing.browser import GraphBrowser
from engine.browsing.live_statements import LIVE_GRAPH, LiveStatements
from engine.browsing.relations import PREDICATE_OF, product_iri
from engine.deadline import Deadline
from engine.errors import NotFoundError
from engine.graph_values import (
    DescribeRequest,
    GraphNode,
    GraphQuery,
    NeighboursRequest,
    Solutions,
    TermKind,
)
from engine.live.overlay import Overlay
from engine.types import EntityKind, Money, Product, ProductId
from index_builder.graph.facts import extract
from index_builder.graph.vocabulary import ROOT, SourceGraph
from tests.unit.browsing.live_shop import (
    ARKA,
    BLACK,
    DESK,
    FLOOR,
    HOME,
    LAMPS,
    LUMO,
    NEW,
    REPAINTED,
    WHITE,
    LampShop,
    lamp,
)
from tests.unit.live.live_fakes import DIMENSION, product

ENTITIES = (BLACK, WHITE, LUMO, ARKA, HOME, DESK, FLOOR)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same graphs for all tests; each opens them with changes of its own."""
    made = {}
    for name, products in EXPECTED.items():
        made[name] = tmp_path_factory.mktemp(name)
        LampShop.build(products, made[name]).queries.close()
    return made


EXPECTED = {
    "before": LAMPS,
    "with a new one": [*LAMPS, NEW],
    "without the second": [each for each in LAMPS if each.id != "L 2"],
    "with the third repainted": [REPAINTED if each.id == REPAINTED.id else each for each in LAMPS],
}
CHANGES: dict[str, Callable[[LampShop], None]] = {
    "with a new one": lambda lamps: lamps.shop.put(NEW),
    "without the second": lambda lamps: lamps.shop.delete("L 2"),
    "with the third repainted": lambda lamps: lamps.shop.put(REPAINTED),
}


@pytest.fixture
def lamps(folders: dict[str, Path]) -> Iterator[LampShop]:
    opened = LampShop.open(LAMPS, folders["before"])
    yield opened
    opened.queries.close()


@pytest.fixture(params=CHANGES)
def pair(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Iterator[tuple[LampShop, LampShop]]:
    """The shop that was changed, and one that was built so."""
    changed = LampShop.open(LAMPS, folders["before"])
    CHANGES[request.param](changed)
    built = LampShop.open(EXPECTED[request.param], folders[request.param])
    yield changed, built
    changed.queries.close()
    built.queries.close()


def described(browser: GraphBrowser, iri: str) -> tuple[GraphNode, set[tuple[str, str, str]], set[str]]:
    """The node, what is said of it, and the products that hang on it."""
    found = browser.describe(DescribeRequest(iri=iri, sample=50))
    said = {
        (each.relation, each.predicate, getattr(each.target, "iri", "") or getattr(each.target, "value", ""))
        for each in found.statements
    }
    return found.node, said, {getattr(each.target, "product_id", "") for each in found.products}


def neighbours(browser: GraphBrowser, iri: str) -> set[tuple[str, str, bool]]:
    page = browser.neighbours(NeighboursRequest(iri, page_size=100))
    assert page.total_size == len(page.neighbours)
    return {(each.relation, each.node.iri, each.outgoing) for each in page.neighbours}


def rows(browser: GraphBrowser, text: str) -> set[tuple[str, ...]]:
    answer = browser.query(GraphQuery(text), Deadline.none()).answer
    assert isinstance(answer, Solutions)
    return {tuple(term.value for term in row if term) for row in answer.rows}


def test_every_entity_and_product_is_described_as_by_a_build(pair: tuple[LampShop, LampShop]) -> None:
    changed, built = pair
    products = [product_iri(each.id) for each in built.shop.listed]

    for iri in (*ENTITIES, *products):
        assert described(changed.browser, iri) == described(built.built, iri)


def test_every_entity_and_product_has_the_neighbours_that_a_build_gives_it(
    pair: tuple[LampShop, LampShop],
) -> None:
    changed, built = pair
    products = [product_iri(each.id) for each in built.shop.listed]

    for iri in (*ENTITIES, *products):
        assert neighbours(changed.browser, iri) == neighbours(built.built, iri)


def test_sparql_answers_as_of_a_build(pair: tuple[LampShop, LampShop]) -> None:
    changed, built = pair
    every = f"""SELECT DISTINCT ?s ?p ?o (LANG(?o) AS ?language) {{
        ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{ROOT}product:") || STRSTARTS(STR(?o), "{ROOT}product:"))
    }}"""

    assert rows(changed.browser, every) == rows(built.built, every)


wanted = st.builds(
    lamp,
    st.integers(1, 7),
    st.sampled_from(("Lumo", "Arka")),
    st.sampled_from(("Desk", "Floor")),
    st.sampled_from(("black", "white")),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(wanted | st.integers(1, 7), max_size=10))
def test_whatever_is_put_and_deleted_each_entity_has_the_products_that_say_so(
    folders: dict[str, Path], changes: Sequence[Product | int]
) -> None:
    lamps = LampShop.open(LAMPS, folders["before"])
    now = {each.id: each for each in LAMPS}
    for change in changes:
        if isinstance(change, int):
            lamps.shop.delete(f"L {change}")
            now.pop(ProductId(f"L {change}"), None)
        else:
            lamps.shop.put(change)
            now[change.id] = change
    browser = lamps.browser

    for iri, says in SAYS.items():
        products = {product_iri(each.id) for each in now.values() if says(each)}
        assert {node for _, node, _ in neighbours(browser, iri) if ":product:" in node} == products
        assert described(browser, iri)[0].product_count == len(products)
    for each in now.values():
        told = {end for _, _, end in described(browser, product_iri(each.id))[1]}
        assert told & SAYS.keys() - {HOME} == {iri for iri in SAYS.keys() - {HOME} if SAYS[iri](each)}


SAYS: dict[str, Callable[[Product], bool]] = {
    BLACK: lambda each: each.attributes["color"] == "black",
    WHITE: lambda each: each.attributes["color"] == "white",
    LUMO: lambda each: each.brand == "Lumo",
    ARKA: lambda each: each.brand == "Arka",
    HOME: lambda _: True,
    DESK: lambda each: each.category[1] == "Desk lamps",
    FLOOR: lambda each: each.category[1] == "Floor lamps",
}


def test_what_a_live_product_says_is_in_a_named_graph_of_its_own(lamps: LampShop) -> None:
    lamps.shop.put(NEW)
    node = product_iri(NEW.id)

    sources = rows(lamps.browser, f"SELECT DISTINCT ?g {{ GRAPH ?g {{ <{node}> ?p ?o }} }}")
    statements = lamps.browser.describe(DescribeRequest(iri=node)).statements
    (listed,) = [
        each
        for each in lamps.browser.neighbours(NeighboursRequest(BLACK, page_size=100)).neighbours
        if each.node.iri == node
    ]

    assert sources == {(LIVE_GRAPH,)}
    assert {each.source for each in statements} == {LIVE_GRAPH}
    assert all(0 < each.confidence <= 1 for each in statements)
    assert listed.source == LIVE_GRAPH
    assert LIVE_GRAPH.startswith(f"{ROOT}graph:")
    assert LIVE_GRAPH not in set(SourceGraph)


def test_a_product_that_hangs_on_something_by_a_narrower_one_says_so_by_no_source(lamps: LampShop) -> None:
    lamps.shop.put(NEW)

    listed = lamps.browser.neighbours(NeighboursRequest(HOME, page_size=100)).neighbours

    assert [each.source for each in listed if each.node.product_id == NEW.id] == [""]


@pytest.mark.parametrize("iri", [product_iri("L 2"), product_iri("L 9")])
def test_a_product_that_is_no_more_is_no_node(lamps: LampShop, iri: str) -> None:
    lamps.shop.put(product("L 9", "Lumo lamp"))
    lamps.shop.delete("L 2", "L 9")

    with pytest.raises(NotFoundError):
        lamps.browser.describe(DescribeRequest(iri=iri))
    with pytest.raises(NotFoundError):
        lamps.browser.neighbours(NeighboursRequest(iri))
    assert rows(lamps.browser, f"SELECT ?p ?o {{ <{iri}> ?p ?o }}") == set()


def test_a_product_that_comes_back_says_what_it_says_now_alone(lamps: LampShop) -> None:
    node = product_iri("L 2")
    names = f"SELECT ?o {{ <{node}> <https://schema.org/name> ?o }}"
    lamps.shop.delete("L 2")
    assert rows(lamps.browser, names) == set()

    lamps.shop.put(product("L 2", "Lumo candle"))
    assert rows(lamps.browser, names) == {("Lumo candle",)}

    lamps.shop.put(product("L 2", "Lumo torch"))
    assert rows(lamps.browser, names) == {("Lumo torch",)}
    assert described(lamps.browser, node)[0].label == "Lumo torch"


def test_what_is_true_no_more_is_said_no_more(lamps: LampShop) -> None:
    dimmable = f"{ROOT}value:dimmable:dimmable"
    assert product_iri("L 1") in {node for _, node, _ in neighbours(lamps.browser, dimmable)}

    lamps.shop.put(lamp(1, "Lumo", "Desk", "black", dimmable=False))

    assert product_iri("L 1") not in {node for _, node, _ in neighbours(lamps.browser, dimmable)}
    assert dimmable not in {end for _, _, end in described(lamps.browser, product_iri("L 1"))[1]}


def test_another_price_is_no_change_of_the_graph(lamps: LampShop) -> None:
    first = lamps.browser.changes
    lamps.shop.put(cheaper(LAMPS[0]))
    second = lamps.browser.changes

    assert first is not None
    assert second is not None
    assert first.version == second.version == 0
    assert rows(lamps.browser, "SELECT ?s { ?s <https://schema.org/sku> 'L 1' }") == {(product_iri("L 1"),)}
    lamps.shop.delete("L 1")
    assert lamps.browser.changes is not None
    assert lamps.browser.changes.version == 1


def test_without_changes_nothing_is_said_and_nothing_held_back(lamps: LampShop) -> None:
    changes = LiveStatements(Overlay.none(len(LAMPS), DIMENSION), lamps.shop.state.hanging)

    assert (changes.version, list(changes.products())) == (0, [])
    assert (changes.of(product_iri("L 1")), changes.replaced(product_iri("L 1"))) == ((), False)
    assert lamps.browser.describe(DescribeRequest(iri=BLACK)) == lamps.built.describe(
        DescribeRequest(iri=BLACK)
    )


def test_a_product_is_tied_to_each_kind_of_entity_as_the_builder_ties_it() -> None:
    nodes = extract(LAMPS).nodes.values()

    assert {node.kind: str(node.predicate) for node in nodes}.items() <= PREDICATE_OF.items()
    assert PREDICATE_OF.keys() == set(EntityKind)


def cheaper(product: Product) -> Product:
    return replace(product, price=Money("EUR", Decimal(1)))


def test_literals_are_texts_with_the_language_that_their_script_tells(lamps: LampShop) -> None:
    lamps.shop.put(NEW)
    changes = lamps.browser.changes
    assert changes is not None

    found = {
        (each.object.value, each.object.language)
        for each in changes.of(product_iri(NEW.id))
        if each.object.kind is TermKind.LITERAL
    }

    assert found == {("Lumo Desk 6", ""), ("台灯6", "zh"), ("L 6", "")}
