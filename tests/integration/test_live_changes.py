"""A shop changes products of a running server: every source sees it at once, and it outlives the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import knowledge_graph_service_pb2 as graph
from cartograph.v1 import product_pb2
from cartograph.v1 import search_service_pb2 as search
from tests.integration.calls import activate, ask, ids, roll_back
from tests.integration.conftest import TwoGenerations
from tests.integration.real_server import WAIT, RealServer, real_server

TEAPOT = product_pb2.Product(
    id="TEA-1",
    title="Zanzibar cast-iron teapot",
    brand="Zanzibar",
    description="Keeps tea hot for an hour.",
    category_path=["Kitchen", "Teapots"],
    price=product_pb2.Money(currency_code="EUR", units=39),
    availability="AVAILABILITY_IN_STOCK",
    attributes={"color": product_pb2.AttributeValue(texts=product_pb2.TextList(values=["black"]))},
)
PRINTNOVA = "urn:cartograph:brand:printnova"
PRINTER, DUPLEX, PHOTO, GONE = "OFF-0001", "OFF-0002", "OFF-0003", "OFF-0004"


def own_data(folder: Path, two_generations: TwoGenerations) -> Path:
    """A data folder of one's own, whose live changes no other server sees."""
    own = folder / "data"
    own.mkdir()
    (own / "generations").symlink_to(two_generations.data / "generations")
    (own / "current.json").write_bytes((two_generations.data / "current.json").read_bytes())
    return own


@pytest.fixture
def data(tmp_path: Path, two_generations: TwoGenerations) -> Path:
    return own_data(tmp_path, two_generations)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, two_generations: TwoGenerations) -> Iterator[RealServer]:
    """One server for tests that change products of their own."""
    with real_server(
        own_data(tmp_path_factory.mktemp("live"), two_generations), tmp_path_factory.mktemp("log")
    ) as running:
        yield running


def upsert(
    server: RealServer, *products: product_pb2.Product, request_id: str = ""
) -> catalog.UpsertProductsResponse:
    request = catalog.UpsertProductsRequest(
        upserts=[catalog.ProductUpsert(product=each) for each in products], request_id=request_id
    )
    answer: catalog.UpsertProductsResponse = server.catalog.UpsertProducts(request, timeout=WAIT)
    assert all(outcome.sequence or answer.repeated_request for outcome in answer.outcomes), answer
    return answer


def patch(server: RealServer, product: product_pb2.Product, *paths: str) -> catalog.PatchProductsResponse:
    request = catalog.PatchProductsRequest(patches=[{"product": product, "update_mask": {"paths": paths}}])
    answer: catalog.PatchProductsResponse = server.catalog.PatchProducts(request, timeout=WAIT)
    return answer


def delete(server: RealServer, *product_ids: str) -> catalog.DeleteProductsResponse:
    request = catalog.DeleteProductsRequest(product_ids=product_ids)
    answer: catalog.DeleteProductsResponse = server.catalog.DeleteProducts(request, timeout=WAIT)
    return answer


def found(server: RealServer, query: str, **fields: object) -> list[str]:
    request = search.SearchProductsRequest(query=query, page_size=50, **fields)  # type: ignore[arg-type]
    return ids(ask(server, request))


def only(*sources: str) -> search.RetrievalSpec:
    every = ("SOURCE_LEXICAL", "SOURCE_DENSE", "SOURCE_GRAPH", "SOURCE_PAST_QUERIES")
    return search.RetrievalSpec(disabled_sources=[each for each in every if each not in sources])


def product_of(server: RealServer, product_id: str) -> product_pb2.Product:
    answer = server.catalog.GetProduct(catalog.GetProductRequest(product_id=product_id), timeout=WAIT)
    product: product_pb2.Product = answer.product
    return product


def cheapest(server: RealServer, product_id: str, units: int) -> None:
    price = product_pb2.Money(currency_code="EUR", units=units)
    patch(server, product_pb2.Product(id=product_id, price=price), "price")


def test_a_new_product_is_found_by_every_source_filter_and_facet(live: RealServer) -> None:
    assert TEAPOT.id not in found(live, "zanzibar teapot")

    upsert(live, TEAPOT)

    assert product_of(live, TEAPOT.id) == TEAPOT
    assert found(live, "zanzibar teapot")[0] == TEAPOT.id
    assert TEAPOT.id in found(live, "iron teapot", retrieval_spec=only("SOURCE_LEXICAL"))
    assert found(live, "cast-iron tea pot", retrieval_spec=only("SOURCE_DENSE"))[0] == TEAPOT.id
    assert TEAPOT.id in found(live, "black", retrieval_spec=only("SOURCE_GRAPH"), filter='brand = "zanzibar"')
    assert found(
        live, "teapot", filter='brand = "Zanzibar" AND price < 40 AND attributes.color = "black"'
    ) == [TEAPOT.id]
    assert TEAPOT.id not in found(live, "teapot", filter="price > 39")
    asked = search.SearchProductsRequest(query="teapot", facet_keys=["brand"], filter='brand = "zanzibar"')
    (facet,) = ask(live, asked).facets
    assert [(each.value, each.count) for each in facet.values] == [("Zanzibar", 1)]


def test_another_price_shows_in_filters_order_and_the_product(live: RealServer) -> None:
    cheapest(live, PRINTER, 1)

    assert product_of(live, PRINTER).price.units == 1
    assert found(live, "printer", filter="price < 2") == [PRINTER]
    assert found(live, "printer", order_by="price")[0] == PRINTER
    assert product_of(live, PRINTER).title == "PrintNova 2540 All-in-One Inkjet Printer"


def test_other_words_replace_the_old_ones_everywhere(live: RealServer) -> None:
    before = found(live, "rear tray", retrieval_spec=only("SOURCE_LEXICAL"))

    patch(live, product_pb2.Product(id=PHOTO, title="Quuxomat", description=""), "title", "description")

    assert PHOTO in before
    assert found(live, "quuxomat")[0] == PHOTO
    assert PHOTO not in found(live, "rear tray", retrieval_spec=only("SOURCE_LEXICAL"))
    assert found(live, "printer").count(PHOTO) == 1


def test_a_deleted_product_is_found_by_no_source_and_no_id(live: RealServer) -> None:
    assert GONE in found(live, "pn-25 black ink")

    delete(live, GONE)

    assert GONE not in found(live, "pn-25 black ink")
    assert GONE not in found(live, "black ink cartridge", filter="price > 0")
    missing = live.catalog.BatchGetProducts(
        catalog.BatchGetProductsRequest(product_ids=["OFF-0002"]), timeout=WAIT
    )
    assert [each.id for each in missing.products] == ["OFF-0002"]
    outcome = delete(live, GONE).outcomes[0]
    assert (outcome.sequence, outcome.reason) == (0, "NOT_FOUND")


def seen_in_the_graph(server: RealServer, product_id: str) -> tuple[bool, bool, bool]:
    """Whether the product is a node, a neighbour of its brand, and spoken of in the live named graph."""
    node = f"urn:cartograph:product:{product_id}"
    asked = graph.DescribeEntityRequest(entity_id=node)
    try:
        groups = server.graph.DescribeEntity(asked, timeout=WAIT).statement_groups
        described = any(each.node.id == PRINTNOVA for group in groups for each in group.statements)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        described = False
    listed = server.graph.ListNeighbors(
        graph.ListNeighborsRequest(entity_id=PRINTNOVA, page_size=100), timeout=WAIT
    )
    query = f"ASK {{ GRAPH <urn:cartograph:graph:live> {{ <{node}> ?p <{PRINTNOVA}> }} }}"
    answer = server.graph.QueryGraph(graph.QueryGraphRequest(query=query), timeout=WAIT)
    return described, node in {each.node.id for each in listed.neighbors}, answer.boolean


def suggested(server: RealServer, prefix: str) -> list[str]:
    answer = server.search.SuggestQueries(search.SuggestQueriesRequest(prefix=prefix), timeout=WAIT)
    return [each.query for each in answer.suggestions]


def test_the_graph_and_suggestions_know_a_new_product_until_it_is_deleted(live: RealServer) -> None:
    new = product_pb2.Product(id="INK-77", title="PrintNova Quartz cartridge", brand="PrintNova")
    assert seen_in_the_graph(live, new.id) == (False, False, False)
    assert suggested(live, "quar") == []

    upsert(live, new)

    assert seen_in_the_graph(live, new.id) == (True, True, True)
    assert suggested(live, "quar") == ["printnova quartz cartridge"]

    delete(live, new.id)

    assert seen_in_the_graph(live, new.id) == (False, False, False)
    assert suggested(live, "quar") == []


def test_an_answer_kept_in_memory_is_not_given_again_after_a_change(live: RealServer) -> None:
    before = found(live, "printer", filter="price < 1")
    cheapest(live, DUPLEX, 0)

    assert (before, found(live, "printer", filter="price < 1")) == ([], [DUPLEX])


def test_changes_outlive_a_server_that_is_killed(data: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with real_server(data, tmp_path / "first") as first:
        upsert(first, TEAPOT, request_id="r-1")
        delete(first, "OFF-0002")
        cheapest(first, PRINTER, 1)
        first.process.kill()
        first.process.wait(WAIT)

    with real_server(data, tmp_path / "second") as second:
        assert product_of(second, TEAPOT.id) == TEAPOT
        assert found(second, "zanzibar teapot")[0] == TEAPOT.id
        assert "OFF-0002" not in found(second, "printnova 2545")
        assert found(second, "printer", filter="price < 2") == [PRINTER]
        again = upsert(second, TEAPOT, request_id="r-1")
        assert (again.repeated_request, again.outcomes[0].sequence) == (True, 1)


def test_changes_are_laid_over_another_generation_and_over_the_first_again(
    data: Path, tmp_path: Path, two_generations: TwoGenerations
) -> None:
    with real_server(data, tmp_path) as server:
        upsert(server, TEAPOT)
        cheapest(server, PRINTER, 1)

        for swap in (lambda: activate(server, two_generations.small), lambda: roll_back(server)):
            serving: generation.Generation = swap().generation
            answer = ask(server, search.SearchProductsRequest(query="zanzibar teapot"))
            assert answer.generation_id == serving.id
            assert answer.results[0].product.id == TEAPOT.id
            assert found(server, "printer", filter="price < 2") == [PRINTER]


def test_every_search_sees_a_state_that_some_order_of_the_writes_explains(live: RealServer) -> None:
    """Two products change their price together, in one request, again and again, while others look: both
    are always seen at the same price.
    """
    done = threading.Event()
    pair = (PRINTER, DUPLEX)
    for each in pair:
        cheapest(live, each, 25)

    def change() -> None:
        for units in range(1, 25):
            price = product_pb2.Money(currency_code="EUR", units=units)
            patches = [
                {"product": product_pb2.Product(id=each, price=price), "update_mask": {"paths": ["price"]}}
                for each in pair
            ]
            live.catalog.PatchProducts(catalog.PatchProductsRequest(patches=patches), timeout=WAIT)
        done.set()

    def look() -> int:
        looks = 0
        request = search.SearchProductsRequest(query="printnova printer", page_size=50, skip_cache=True)
        while not done.is_set():
            prices = {hit.product.id: hit.product.price.units for hit in ask(live, request).results}
            both = [prices[each] for each in pair]
            assert both[0] == both[1]
            looks += 1
        return looks

    with ThreadPoolExecutor(5) as threads:
        readers = [threads.submit(look) for _ in range(4)]
        threads.submit(change).result(WAIT)
        assert all(reader.result(WAIT) for reader in readers)
