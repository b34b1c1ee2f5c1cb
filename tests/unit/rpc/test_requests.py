"""Every field of every request is read, and the bounds are those that the contract's comments state."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import event_service_pb2 as event
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import knowledge_graph_service_pb2 as graph
from cartograph.v1 import search_service_pb2 as search
from engine.errors import InvalidArgumentError
from engine.graph_values import DescribeRequest, GraphQuery, NeighboursRequest
from engine.request import SearchRequest, Source
from engine.rpc.convert import changes, events, graph_requests, requests, watching
from engine.rpc.convert.products import View
from engine.stages.expand import ExpansionMode


def by_vector(message: search.SearchByVectorRequest) -> object:
    """Arrays do not compare as values do."""
    request, view = requests.by_vector(message)
    return replace(request, vector=None), request.vector.tolist(), view  # type: ignore[arg-type]  # see above


def upserts(message: catalog.UpsertProductsRequest) -> object:
    """Embeddings do not compare as values do."""
    return repr(changes.upserts(message))


def watch(message: catalog.WatchChangesRequest) -> object:
    """Whether embeddings are sent is decided where the pages are written."""
    return watching.position(message), message.include_embeddings


READERS: dict[type[Message], tuple[Callable[[Any], object], dict[str, Any]]] = {
    search.SearchProductsRequest: (requests.search, {"query": "x"}),
    search.BatchSearchProductsRequest: (requests.batch, {"requests": [{"query": "x"}]}),
    search.SearchByVectorRequest: (by_vector, {"vector": [1.0]}),
    search.SuggestQueriesRequest: (requests.suggest, {"prefix": "x"}),
    catalog.GetProductRequest: (requests.product, {"product_id": "x"}),
    catalog.BatchGetProductsRequest: (requests.products, {"product_ids": ["x"]}),
    catalog.UpsertProductsRequest: (upserts, {"upserts": [{"product": {"id": "x"}}]}),
    catalog.PatchProductsRequest: (changes.patches, {"patches": [{"product": {"id": "x"}}]}),
    catalog.DeleteProductsRequest: (changes.deletions, {"product_ids": ["x"]}),
    catalog.WatchChangesRequest: (watch, {}),
    event.RecordEventsRequest: (events.given, {"events": [{"event_id": "x"}]}),
    event.ForgetShopperRequest: (events.shopper_id, {"shopper_id": "x"}),
    generation.ListGenerationsRequest: (requests.generation_page, {}),
    generation.ActivateGenerationRequest: (requests.activation, {"generation_id": "x"}),
    graph.DescribeEntityRequest: (graph_requests.describe, {"name": "x"}),
    graph.ListNeighborsRequest: (graph_requests.neighbours, {"entity_id": "x"}),
    graph.LinkEntitiesRequest: (graph_requests.text, {"text": "x"}),
    graph.QueryGraphRequest: (graph_requests.query, {"query": "x"}),
}
"""By message: what reads it, and the least that it accepts."""


def request_descriptors() -> list[Descriptor]:
    return [
        method.input_type
        for module in (search, catalog, event, generation, graph)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if method.input_type.fields
    ]


def paths(descriptor: Any) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Every scalar or repeated field, through the messages inside."""
    for field in descriptor.fields:
        if field.message_type is not None and not field.is_repeated:
            for inner in paths(field.message_type):
                yield (field, *inner)
        else:
            yield (field,)


def another_value(field: FieldDescriptor) -> object:
    """One that is valid for every field of its type, and not its default."""
    if field.message_type is not None:
        value = (
            {"query": "other"} if "query" in field.message_type.fields_by_name else {"product": {"id": "p"}}
        )
        return GetMessageClass(field.message_type)(**value)
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    return {
        FieldDescriptor.CPPTYPE_STRING: "other",
        FieldDescriptor.CPPTYPE_INT32: 7,
        FieldDescriptor.CPPTYPE_INT64: 7,
        FieldDescriptor.CPPTYPE_DOUBLE: 0.5,
        FieldDescriptor.CPPTYPE_FLOAT: 0.5,
        FieldDescriptor.CPPTYPE_BOOL: True,
    }[field.cpp_type]


def with_value(message: Message, path: tuple[FieldDescriptor, ...]) -> Message:
    changed = type(message)()
    changed.CopyFrom(message)
    holder = changed
    for field in path[:-1]:
        holder = getattr(holder, field.name)
    last = path[-1]
    if last.is_repeated:
        getattr(holder, last.name).append(another_value(last))
    else:
        setattr(holder, last.name, another_value(last))
    return changed


FIELDS = [
    pytest.param(message, path, id=f"{message.DESCRIPTOR.name}.{'.'.join(field.name for field in path)}")
    for message in READERS
    for path in paths(message.DESCRIPTOR)
]


def test_every_request_message_has_a_reader() -> None:
    assert {message.DESCRIPTOR.full_name for message in READERS} == {
        descriptor.full_name for descriptor in request_descriptors()
    }


@pytest.mark.parametrize(("message", "path"), FIELDS)
def test_no_field_is_ignored(message: type[Message], path: tuple[FieldDescriptor, ...]) -> None:
    read, least = READERS[message]
    plain = message(**least)

    assert read(with_value(plain, path)) != read(plain)


def test_an_empty_request_means_the_defaults() -> None:
    read = requests.search(search.SearchProductsRequest(query="x"))

    assert read.request == SearchRequest(query="x")
    assert read.view is View.BASIC


def test_specs_that_are_set_but_empty_mean_the_defaults_too() -> None:
    message = search.SearchProductsRequest(
        query="x",
        expansion_spec=search.ExpansionSpec(),
        rerank_spec=search.RerankSpec(),
        diversity_spec=search.DiversitySpec(),
        retrieval_spec=search.RetrievalSpec(),
    )

    assert requests.search(message).request == SearchRequest(query="x")


def test_modes_and_sources_are_translated() -> None:
    read = requests.search(
        search.SearchProductsRequest(
            query="x",
            expansion_spec=search.ExpansionSpec(mode=search.ExpansionSpec.MODE_DISABLED),
            rerank_spec=search.RerankSpec(mode=search.RerankSpec.MODE_DISABLED),
            retrieval_spec=search.RetrievalSpec(
                disabled_sources=[search.SOURCE_UNSPECIFIED, search.SOURCE_DENSE, search.SOURCE_DENSE]
            ),
        )
    ).request

    assert read.expansion.mode is ExpansionMode.DISABLED
    assert not read.rerank.enabled
    assert read.retrieval.disabled == {Source.DENSE}


def read_number(path: str, value: int) -> object:
    """What the engine is asked for when the contract's field says `value`."""
    holder, _, name = path.rpartition(".")
    message = search.SearchProductsRequest(query="x")
    setattr(getattr(message, holder) if holder else message, name, value)
    request = requests.search(message).request
    return {
        "page_size": request.page_size,
        "expansion_spec.max_expansions": request.expansion.max_expansions,
        "rerank_spec.depth": request.rerank.depth,
        "diversity_spec.max_per_brand": request.diversity.max_per_brand,
        "retrieval_spec.candidates_per_source": request.retrieval.candidates_per_source,
    }[path]


@pytest.mark.parametrize(
    ("path", "default", "most"),
    [
        ("page_size", 0, 100),  # 0: the pipeline's 20
        ("expansion_spec.max_expansions", 16, 64),
        ("rerank_spec.depth", 0, 200),  # 0: the server's
        ("diversity_spec.max_per_brand", 0, 2**31 - 1),
        ("retrieval_spec.candidates_per_source", 0, 1_000),  # 0: the server's
    ],
)
def test_numbers_are_cut_at_their_bound_and_negative_ones_refused(path: str, default: int, most: int) -> None:
    assert read_number(path, 0) == default
    assert read_number(path, most) == most
    assert read_number(path, min(most + 1, 2**31 - 1)) == most
    with pytest.raises(InvalidArgumentError) as raised:
        read_number(path, -1)
    assert raised.value.field == path


@pytest.mark.parametrize("strength", [-0.1, 1.1, math.nan, math.inf])
def test_strength_is_from_0_to_1(strength: float) -> None:
    message = search.SearchProductsRequest(query="x", diversity_spec=search.DiversitySpec(strength=strength))

    with pytest.raises(InvalidArgumentError) as raised:
        requests.search(message)

    assert raised.value.field == "diversity_spec.strength"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (search.SearchProductsRequest(query="x", facet_keys=["brand"] * 21), "facet_keys"),
        (search.SearchProductsRequest(query="x", view=99), "view"),  # type: ignore[arg-type]  # open enums
        (
            search.SearchProductsRequest(
                query="x",
                expansion_spec=search.ExpansionSpec(mode=99),  # type: ignore[arg-type]  # open enums
            ),
            "expansion_spec.mode",
        ),
        (
            search.SearchProductsRequest(
                query="x",
                retrieval_spec=search.RetrievalSpec(disabled_sources=search.Source.keys()[1:]),
            ),
            "retrieval_spec.disabled_sources",
        ),
        (search.BatchSearchProductsRequest(), "requests"),
        (
            search.BatchSearchProductsRequest(requests=[search.SearchProductsRequest(query="x")] * 101),
            "requests",
        ),
        (search.SuggestQueriesRequest(prefix="x", page_size=-1), "page_size"),
        (catalog.GetProductRequest(), "product_id"),
        (catalog.BatchGetProductsRequest(), "product_ids"),
        (catalog.BatchGetProductsRequest(product_ids=["x"] * 101), "product_ids"),
        (catalog.BatchGetProductsRequest(product_ids=["x", ""]), "product_ids[1]"),
        (event.RecordEventsRequest(), "events"),
        (event.ForgetShopperRequest(), "shopper_id"),
        (event.ForgetShopperRequest(shopper_id="x" * 201), "shopper_id"),
        (generation.ListGenerationsRequest(page_size=-1), "page_size"),
        (generation.ActivateGenerationRequest(), "generation_id"),
        (graph.DescribeEntityRequest(), "entity_id"),
        (graph.DescribeEntityRequest(entity_id=" "), "entity_id"),
        (graph.DescribeEntityRequest(entity_id="x" * 2_001), "entity_id"),
        (graph.DescribeEntityRequest(name=""), "name"),
        (graph.DescribeEntityRequest(name="x" * 1_001), "name"),
        (graph.DescribeEntityRequest(name="x", product_sample_size=-1), "product_sample_size"),
        (graph.ListNeighborsRequest(), "entity_id"),
        (graph.ListNeighborsRequest(entity_id="x", relation="x" * 201), "relation"),
        (graph.ListNeighborsRequest(entity_id="x", page_size=-1), "page_size"),
        (graph.ListNeighborsRequest(entity_id="x", direction=9), "direction"),  # type: ignore[arg-type]  # open enums
        (graph.QueryGraphRequest(query=" \n"), "query"),
        (graph.QueryGraphRequest(query="x" * 10_001), "query"),
        (graph.QueryGraphRequest(query="x", max_rows=-1), "max_rows"),
    ],
)
def test_what_the_contract_refuses_names_its_field(message: Message, field: str) -> None:
    read, _ = READERS[type(message)]

    with pytest.raises(InvalidArgumentError) as raised:
        read(message)

    assert raised.value.field == raised.value.metadata["field"] == field


def test_lists_at_their_bound_are_read_whole() -> None:
    batch = search.BatchSearchProductsRequest(requests=[search.SearchProductsRequest(query="x")] * 100)

    assert len(requests.batch(batch)) == 100
    assert len(requests.products(catalog.BatchGetProductsRequest(product_ids=["x"] * 100))[0]) == 100
    assert requests.suggest(search.SuggestQueriesRequest(prefix="x")) == ("x", 10)
    assert requests.suggest(search.SuggestQueriesRequest(prefix="x", page_size=51)) == ("x", 50)
    assert requests.generation_page(generation.ListGenerationsRequest()) == (50, "")
    assert requests.generation_page(generation.ListGenerationsRequest(page_size=101)) == (100, "")


def test_questions_to_the_graph_have_the_defaults_and_bounds_of_the_contract() -> None:
    describe = graph_requests.describe
    assert describe(graph.DescribeEntityRequest(name=" x ")) == DescribeRequest(name="x", sample=5)
    assert describe(graph.DescribeEntityRequest(name="x", product_sample_size=51)).sample == 50
    assert len(describe(graph.DescribeEntityRequest(name="墨" * 1_000)).name) == 1_000
    listed = graph_requests.neighbours
    assert listed(graph.ListNeighborsRequest(entity_id="x")) == NeighboursRequest("x", page_size=20)
    assert listed(graph.ListNeighborsRequest(entity_id="x", page_size=101)).page_size == 100
    assert graph_requests.query(graph.QueryGraphRequest(query="x")) == GraphQuery("x", max_rows=1_000)
    assert graph_requests.query(graph.QueryGraphRequest(query="x", max_rows=10_001)).max_rows == 10_000


@pytest.mark.parametrize(
    ("direction", "outgoing"),
    [
        (graph.DIRECTION_UNSPECIFIED, None),
        (graph.DIRECTION_OUTGOING, True),
        (graph.DIRECTION_INCOMING, False),
    ],
)
def test_directions_are_translated(direction: graph.Direction, outgoing: bool | None) -> None:
    message = graph.ListNeighborsRequest(entity_id="x", direction=direction)

    assert graph_requests.neighbours(message).outgoing is outgoing
