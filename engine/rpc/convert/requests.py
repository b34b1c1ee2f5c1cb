"""Reads requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cartograph.v1 import catalog_service_pb2, generation_service_pb2, search_service_pb2
from engine.errors import InvalidArgumentError
from engine.request import (
    MAX_PAGE_SIZE,
    DiversitySpec,
    RerankSpec,
    RetrievalSpec,
    SearchRequest,
    Source,
)
from engine.rpc.convert.bounds import MAX_ID, MAX_TOKEN, count, enumerated, share, size, text
from engine.rpc.convert.products import View, view_of
from engine.stages.expand import ExpansionMode, ExpansionSpec
from engine.vector_search import VectorRequest

MAX_BATCH = 100
MAX_FACET_KEYS = 20
MAX_FACET_KEY = 1_000
MAX_DISABLED_SOURCES = 100
MAX_VECTOR = 16_384
MAX_EXPANSIONS = 64
MAX_RERANK_DEPTH = 200
MAX_CANDIDATES_PER_SOURCE = 1_000
DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS = 10, 50
DEFAULT_GENERATIONS, MAX_GENERATIONS = 50, 100

_MODES = len(search_service_pb2.ExpansionSpec.Mode.keys())
_SOURCES: dict[int, Source] = {
    search_service_pb2.SOURCE_LEXICAL: Source.LEXICAL,
    search_service_pb2.SOURCE_DENSE: Source.DENSE,
    search_service_pb2.SOURCE_GRAPH: Source.GRAPH,
    search_service_pb2.SOURCE_PAST_QUERIES: Source.PAST_QUERIES,
}


@dataclass(frozen=True, slots=True)
class Search:
    """A request to the engine, and how much of each product the caller wants back."""

    request: SearchRequest
    view: View


def search(message: search_service_pb2.SearchProductsRequest) -> Search:
    if len(message.facet_keys) > MAX_FACET_KEYS:
        raise InvalidArgumentError(
            "facet_keys",
            f"facet_keys has {len(message.facet_keys)} entries; at most {MAX_FACET_KEYS} are counted.",
            length=len(message.facet_keys),
        )
    request = SearchRequest(
        query=message.query,
        page_size=count("page_size", message.page_size, default=0, most=MAX_PAGE_SIZE),
        page_token=text("page_token", message.page_token, most=MAX_TOKEN),
        filter=message.filter,
        facet_keys=tuple(text("facet_keys", key, most=MAX_FACET_KEY) for key in message.facet_keys),
        order_by=message.order_by,
        expansion=_expansion(message.expansion_spec),
        rerank=_rerank(message.rerank_spec),
        diversity=_diversity(message.diversity_spec),
        retrieval=_retrieval(message.retrieval_spec),
        explain=message.explain,
        understand=not message.disable_understanding,
        skip_cache=message.skip_cache,
    )
    return Search(request, view_of(message.view, default=View.BASIC))


def by_vector(message: search_service_pb2.SearchByVectorRequest) -> tuple[VectorRequest, View]:
    view = view_of(message.view, default=View.BASIC)
    size("vector", len(message.vector), most=MAX_VECTOR)
    request = VectorRequest(
        vector=np.array(message.vector, np.float32),
        page_size=count("page_size", message.page_size, default=0, most=MAX_PAGE_SIZE),
        filter=message.filter,
        ids_only=view is View.ID,
    )
    return request, view


def batch(message: search_service_pb2.BatchSearchProductsRequest) -> list[Search]:
    """An error names the place of the request at fault, from 0."""
    size("requests", len(message.requests), most=MAX_BATCH)
    return [_in_place(place, request) for place, request in enumerate(message.requests)]


def suggest(message: search_service_pb2.SuggestQueriesRequest) -> tuple[str, int]:
    """The prefix, and how many suggestions to give."""
    limit = count("page_size", message.page_size, default=DEFAULT_SUGGESTIONS, most=MAX_SUGGESTIONS)
    return message.prefix, limit


def product(message: catalog_service_pb2.GetProductRequest) -> tuple[str, View]:
    if not message.product_id:
        raise InvalidArgumentError("product_id", "product_id is empty; name a product.")
    return text("product_id", message.product_id, most=MAX_ID), view_of(message.view, default=View.FULL)


def products(message: catalog_service_pb2.BatchGetProductsRequest) -> tuple[list[str], View]:
    size("product_ids", len(message.product_ids), most=MAX_BATCH)
    for place, product_id in enumerate(message.product_ids):
        field = f"product_ids[{place}]"
        text(field, product_id, most=MAX_ID)
        if not product_id:
            raise InvalidArgumentError(field, f"{field} is empty; name a product.")
    return list(message.product_ids), view_of(message.view, default=View.FULL)


def generation_page(message: generation_service_pb2.ListGenerationsRequest) -> tuple[int, str]:
    """How many to list, and the page's token."""
    limit = count("page_size", message.page_size, default=DEFAULT_GENERATIONS, most=MAX_GENERATIONS)
    return limit, text("page_token", message.page_token, most=MAX_TOKEN)


def activation(message: generation_service_pb2.ActivateGenerationRequest) -> tuple[str, bool]:
    """The generation, and whether it is forced."""
    if not message.generation_id:
        raise InvalidArgumentError("generation_id", "generation_id is empty; name a generation.")
    return text("generation_id", message.generation_id, most=MAX_ID), message.force


def _in_place(place: int, message: search_service_pb2.SearchProductsRequest) -> Search:
    try:
        return search(message)
    except InvalidArgumentError as error:
        error.field = error.metadata["field"] = f"requests[{place}].{error.field}"
        raise


def _expansion(message: search_service_pb2.ExpansionSpec) -> ExpansionSpec:
    mode = enumerated("expansion_spec.mode", message.mode, _MODES)
    return ExpansionSpec(
        mode=ExpansionMode.DISABLED
        if mode == search_service_pb2.ExpansionSpec.MODE_DISABLED
        else ExpansionMode.AUTO,
        max_expansions=count(
            "expansion_spec.max_expansions",
            message.max_expansions,
            default=ExpansionSpec().max_expansions,
            most=MAX_EXPANSIONS,
        ),
        lexical_terms=not message.disable_lexical_terms,
        candidates=not message.disable_candidates,
        scores=not message.disable_scores,
        similarity=message.enable_graph_similarity,
        shifted_vector=message.enable_shifted_vector,
        rerank_text=message.enable_rerank_text,
    )


def _rerank(message: search_service_pb2.RerankSpec) -> RerankSpec:
    mode = enumerated("rerank_spec.mode", message.mode, _MODES)
    return RerankSpec(
        enabled=mode != search_service_pb2.RerankSpec.MODE_DISABLED,
        depth=count("rerank_spec.depth", message.depth, default=0, most=MAX_RERANK_DEPTH),
    )


def _diversity(message: search_service_pb2.DiversitySpec) -> DiversitySpec:
    most = 2**31 - 1  # the contract names no bound; int32 has one
    return DiversitySpec(
        strength=share("diversity_spec.strength", message.strength),
        max_per_brand=count("diversity_spec.max_per_brand", message.max_per_brand, default=0, most=most),
    )


def _retrieval(message: search_service_pb2.RetrievalSpec) -> RetrievalSpec:
    field = "retrieval_spec.disabled_sources"
    if len(message.disabled_sources) > MAX_DISABLED_SOURCES:
        raise InvalidArgumentError(
            field,
            f"{field} has {len(message.disabled_sources)} entries; at most {MAX_DISABLED_SOURCES} are read.",
            length=len(message.disabled_sources),
        )
    named = [enumerated(field, number, len(_SOURCES) + 1) for number in message.disabled_sources]
    disabled = frozenset(_SOURCES[number] for number in named if number in _SOURCES)
    if len(disabled) == len(_SOURCES):
        raise InvalidArgumentError(field, "All sources are disabled; leave at least one on.")
    return RetrievalSpec(
        disabled=disabled,
        candidates_per_source=count(
            "retrieval_spec.candidates_per_source",
            message.candidates_per_source,
            default=0,
            most=MAX_CANDIDATES_PER_SOURCE,
        ),
    )
