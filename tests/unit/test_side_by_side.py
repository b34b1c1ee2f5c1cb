"""The searches of one call in several threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from engine.deadline import Deadline
from engine.errors import InvalidArgumentError
from engine.request import ExpansionInfo, SearchRequest, SearchResult
from engine.side_by_side import search_side_by_side

CALL: ContextVar[str] = ContextVar("CALL", default="none")


def searched(request: SearchRequest, _deadline: Deadline) -> SearchResult:
    if request.filter:
        raise InvalidArgumentError("filter", "filter has an open parenthesis.")
    CALL.set(f"{CALL.get()}, {request.query}")
    return SearchResult((), "", (), 0, True, ExpansionInfo(CALL.get()), (), (), "g1")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_answers_are_in_the_order_of_the_requests_each_in_the_context_of_the_call(
    pool: ThreadPoolExecutor,
) -> None:
    token = CALL.set("call 7")
    try:
        requests = [SearchRequest(query) for query in ("ink", "chair", "paper")]
        found = search_side_by_side(searched, requests, Deadline.none(), pool)
    finally:
        CALL.reset(token)

    assert [result.expansion_info.searched_text for result in found] == [
        "call 7, ink",
        "call 7, chair",
        "call 7, paper",
    ]


def test_the_error_of_a_wrong_one_names_its_place(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        search_side_by_side(
            searched, [SearchRequest("ink"), SearchRequest("ink", filter="(")], Deadline.none(), pool
        )

    assert (raised.value.field, raised.value.metadata["field"]) == ("requests[1].filter",) * 2
