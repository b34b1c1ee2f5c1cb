from dataclasses import fields, replace

import pytest

from engine.errors import EngineError, InvalidArgumentError, UnknownFieldError
from engine.plan import (
    MAX_CANDIDATES,
    MAX_RERANK_DEPTH,
    WEIGHT_OF_PART,
    Plan,
    RankingSettings,
    checked_query,
)
from engine.request import RerankSpec, RetrievalSpec, SearchRequest, Source
from tests.shelf import SHELF, columns_of

SETTINGS = RankingSettings(candidates_per_source=150, rerank_depth=30)


def planned(request: SearchRequest) -> Plan:
    return Plan.of(request, SETTINGS, columns_of(SHELF), "g1")


def test_defaults_are_the_servers() -> None:
    plan = planned(SearchRequest("  Black Ink "))

    assert (plan.query, plan.offset, plan.page_size) == ("Black Ink", 0, 20)
    assert (plan.limit, plan.depth) == (150, 30)
    assert plan.filter is None
    assert plan.order is None


def test_a_request_may_ask_for_more_up_to_the_bounds() -> None:
    greedy = SearchRequest(
        "ink", rerank=RerankSpec(depth=10_000), retrieval=RetrievalSpec(candidates_per_source=10_000)
    )

    assert (planned(greedy).limit, planned(greedy).depth) == (MAX_CANDIDATES, MAX_RERANK_DEPTH)


def test_without_reranking_nothing_is_read() -> None:
    assert planned(SearchRequest("ink", rerank=RerankSpec(enabled=False, depth=50))).depth == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"query": " \t "}, "query"),
        ({"query": "x" * 1_001}, "query"),
        ({"query": "ink \ud800"}, "query"),
        ({"page_size": -1}, "page_size"),
        ({"retrieval": RetrievalSpec(frozenset(Source))}, "retrieval_spec.disabled_sources"),
        ({"filter": "brand ="}, "filter"),
        ({"order_by": "brand asc desc"}, "order_by"),
        ({"page_token": "!"}, "page_token"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(change: dict[str, object], field: str) -> None:
    request = replace(SearchRequest("ink"), **change)  # type: ignore[arg-type]  # the keys are field names

    with pytest.raises(InvalidArgumentError) as caught:
        planned(request)

    assert caught.value.field == field


def test_an_unknown_facet_is_found_before_the_search() -> None:
    with pytest.raises(UnknownFieldError):
        planned(SearchRequest("ink", facet_keys=("nope",)))


def test_a_query_of_exactly_the_greatest_length_is_taken() -> None:
    assert checked_query("x" * 1_000, "query") == "x" * 1_000
    with pytest.raises(EngineError, match="1001 characters"):
        checked_query("x" * 1_001, "query")


def test_weights_are_read_and_replaced_by_the_names_of_the_parts() -> None:
    changed = SETTINGS.weighing({"graph_kind": 0.9, "rerank": 0.0})

    assert (changed.kind, changed.rerank, changed.dense) == (0.9, 0.0, SETTINGS.dense)
    assert changed.weights == {**SETTINGS.weights, "graph_kind": 0.9, "rerank": 0.0}
    with pytest.raises(KeyError):
        SETTINGS.weighing({"kind": 1.0})


def test_every_weight_has_a_part() -> None:
    others = {"candidates_per_source", "rerank_depth"}

    assert set(WEIGHT_OF_PART.values()) == {field.name for field in fields(RankingSettings)} - others
