"""Writes the answers of SearchService."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration

from cartograph.v1 import search_service_pb2
from engine.request import ExpansionInfo, Explanation, Hit, SearchResult, StageTiming, Suggestion
from engine.rpc.convert.products import NANOS, View, product
from engine.stages.facets import Facet


def response(result: SearchResult, view: View) -> search_service_pb2.SearchProductsResponse:
    return search_service_pb2.SearchProductsResponse(
        results=[hit(found, view) for found in result.hits],
        next_page_token=result.next_page_token,
        facets=[facet(counted) for counted in result.facets],
        total_size=result.total_size,
        total_size_exact=result.total_size_exact,
        expansion_info=expansion_info(result.expansion_info),
        stage_timings=[timing(stage) for stage in result.timings],
        degraded_stages=[
            search_service_pb2.DegradedStage(stage=degraded.stage, detail=degraded.detail)
            for degraded in result.degraded
        ],
        generation_id=result.generation_id,
        cached=result.cached,
    )


def suggestions(found: Sequence[Suggestion], generation_id: str) -> search_service_pb2.SuggestQueriesResponse:
    return search_service_pb2.SuggestQueriesResponse(
        suggestions=[
            search_service_pb2.QuerySuggestion(query=suggestion.query, past_count=suggestion.count)
            for suggestion in found
        ],
        generation_id=generation_id,
    )


def hit(value: Hit, view: View) -> search_service_pb2.SearchResult:
    return search_service_pb2.SearchResult(
        product=product(value.product, view),
        rank=value.rank,
        score=value.score,
        explanation=explanation(value.explanation) if value.explanation else None,
    )


def explanation(value: Explanation) -> search_service_pb2.Explanation:
    return search_service_pb2.Explanation(
        parts=[
            search_service_pb2.ScorePart(
                name=part.name,
                value=part.value,
                source_rank=part.source_rank,
                source_score=part.source_score,
            )
            for part in value.parts
        ],
        graph_paths=value.graph_paths,
        past_queries=value.past_queries,
    )


def facet(value: Facet) -> search_service_pb2.Facet:
    return search_service_pb2.Facet(
        key=value.key,
        values=[
            search_service_pb2.FacetValue(value=counted.value, count=counted.count)
            for counted in value.values
        ],
        ranges=[
            search_service_pb2.FacetRange(lower=counted.lower, upper=counted.upper, count=counted.count)
            for counted in value.ranges
        ],
        missing_count=value.missing_count,
    )


def expansion_info(value: ExpansionInfo) -> search_service_pb2.ExpansionInfo:
    return search_service_pb2.ExpansionInfo(
        searched_text=value.searched_text,
        corrections=[
            search_service_pb2.QueryCorrection(written=correction.written, read_as=correction.read_as)
            for correction in value.corrections
        ],
        linked_entities=[
            search_service_pb2.LinkedEntity(
                iri=link.entity.iri,
                label=link.entity.label,
                kind=link.entity.kind,
                text=link.text,
                confidence=link.confidence,
            )
            for link in value.links
        ],
        expanded_entities=[
            search_service_pb2.ExpandedEntity(label=gained.label, path=gained.path, weight=gained.weight)
            for gained in value.expanded
        ],
    )


def timing(value: StageTiming) -> search_service_pb2.StageTiming:
    seconds, nanos = divmod(round(value.seconds * NANOS), NANOS)
    return search_service_pb2.StageTiming(
        stage=value.stage, elapsed_duration=Duration(seconds=seconds, nanos=nanos)
    )
