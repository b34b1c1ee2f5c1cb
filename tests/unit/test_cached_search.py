from __future__ import annotations

from dataclasses import replace

import pytest

from engine.cached_search import CachedSearch
from engine.deadline import Deadline
from engine.errors import DeadlineExceededError, InvalidArgumentError
from engine.request import (
    DegradedStage,
    ExpansionInfo,
    SearchRequest,
    SearchResult,
    Stage,
    StageTiming,
)

TIMINGS = (StageTiming(Stage.RETRIEVE, 0.002),)


class Searches:
    """Answers every request with one of its own, and counts."""

    def __init__(self, *, hurried: bool = False) -> None:
        self.asked: list[SearchRequest] = []
        self.hurried = hurried

    def __call__(self, request: SearchRequest, _deadline: Deadline) -> SearchResult:
        self.asked.append(request)
        degraded = (DegradedStage(Stage.RERANK, "Reranking was skipped."),) if self.hurried else ()
        info = ExpansionInfo(request.query)
        return SearchResult((), "", (), len(self.asked), True, info, TIMINGS, degraded, "g1")


def ask(search: CachedSearch, query: str = "black ink", **fields: object) -> SearchResult:
    request = replace(SearchRequest(query), **fields)  # type: ignore[arg-type]  # fields of the request
    return search(request, Deadline.none())


@pytest.mark.parametrize("again", ["black ink", "  Black  INK ", "ｂｌａｃｋ ink"])
def test_the_same_query_in_any_spelling_is_searched_once(again: str) -> None:
    searches = Searches()
    search = CachedSearch.over(searches, 10)

    first, second = ask(search), ask(search, again)

    assert len(searches.asked) == 1
    assert second == replace(first, timings=(), cached=True)
    assert (first.timings, first.cached) == (TIMINGS, False)


@pytest.mark.parametrize(
    "other",
    [
        {"query": "black inks"},
        {"filter": 'brand = "HP"'},
        {"page_size": 5},
        {"page_token": "next"},
        {"explain": True},
        {"understand": False},
        {"order_by": "price"},
        {"facet_keys": ("brand",)},
    ],
)
def test_whatever_else_differs_is_searched_anew(other: dict[str, object]) -> None:
    searches = Searches()
    search = CachedSearch.over(searches, 10)
    ask(search)

    assert not ask(search, **{"query": "black ink", **other}).cached  # type: ignore[arg-type]
    assert len(searches.asked) == 2


def test_an_answer_cut_short_is_not_given_to_others() -> None:
    searches = Searches(hurried=True)
    search = CachedSearch.over(searches, 10)
    ask(search)
    searches.hurried = False

    assert not ask(search).degraded
    assert ask(search).cached


def test_a_caller_may_ask_past_the_cache() -> None:
    searches = Searches()
    search = CachedSearch.over(searches, 10)
    ask(search)

    assert not ask(search, skip_cache=True).cached
    assert ask(search).total_size == 1  # what was kept before


def test_a_query_is_checked_before_it_is_looked_up() -> None:
    with pytest.raises(InvalidArgumentError, match="query is empty"):
        ask(CachedSearch.over(Searches(), 10), "  ")


def test_a_caller_whose_time_is_up_gets_nothing_though_it_is_there() -> None:
    search = CachedSearch.over(Searches(), 10)
    ask(search)

    with pytest.raises(DeadlineExceededError):
        search(SearchRequest("black ink"), Deadline.after(-1))
