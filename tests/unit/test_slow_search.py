"""What the log says of searches that take too long."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from engine.deadline import Deadline
from engine.errors import DeadlineExceededError, EngineError
from engine.logs import configure_logs
from engine.request import ExpandedEntity, ExpansionInfo, SearchRequest, SearchResult, Source, Stage
from engine.slow_search import SlowSearchLog
from engine.trace import TRACES, Trace
from tests.quiet_logs import logs_as_they_were

__all__ = ["logs_as_they_were"]

REQUEST = SearchRequest("oak chair", filter="price < 20", facet_keys=("brand",), page_size=5)
SLEEP = 0.02


def searched(request: SearchRequest, deadline: Deadline) -> SearchResult:
    """As a pipeline does it; a query "quick" takes no time, one that is "late" fails."""
    trace = Trace(deadline)
    with trace.stage(Stage.RETRIEVE):
        time.sleep(0 if request.query == "quick" else SLEEP)
    trace.candidates = {Source.LEXICAL: 7, Source.DENSE: 200}
    trace.degrade(Stage.RERANK, "Reranking was skipped.")
    if request.query == "late":
        raise DeadlineExceededError("The deadline passed.")
    info = ExpansionInfo(request.query, expanded=(ExpandedEntity("Oak", "oak -> Wood", 0.5),))
    return SearchResult((), "", (), 203, True, info, trace.timings, trace.degraded, "g1")


def lines_of(
    search: Callable[[SearchRequest, Deadline], SearchResult], *requests: SearchRequest
) -> list[Any]:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    for request in requests:
        with suppress(EngineError):
            search(request, Deadline.none())
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_slow_search_is_one_line_with_what_explains_it() -> None:
    (line,) = lines_of(SlowSearchLog(searched, SLEEP), REQUEST)

    assert (line["event"], line["level"]) == ("slow search", "warning")
    assert line["duration_ms"] >= line["stages_ms"]["retrieve"] >= SLEEP * 1_000
    assert line["sources"] == {"lexical": 7, "dense": 200}
    assert line["degraded"] == ["Reranking was skipped."]
    assert (line["candidates"], line["expansions"], line["generation"]) == (203, 1, "g1")
    assert (line["filtered"], line["ordered"], line["facets"], line["page_size"]) == (True, False, 1, 5)
    assert line["cached"] is False


def test_a_quick_one_is_none() -> None:
    assert lines_of(SlowSearchLog(searched, SLEEP), SearchRequest("quick")) == []


@pytest.mark.parametrize("words", [False, True])
def test_what_was_asked_is_there_only_where_it_may_be(words: bool) -> None:
    (line,) = lines_of(SlowSearchLog(searched, SLEEP, words=words), REQUEST)

    assert ("oak" in json.dumps(line)) is words
    assert ("price" in json.dumps(line)) is words


def test_one_that_failed_tells_its_reason_and_how_far_it_came() -> None:
    (line,) = lines_of(SlowSearchLog(searched, SLEEP), SearchRequest("late"))

    assert line["reason"] == "DEADLINE_EXCEEDED"
    assert line["stages_ms"]["retrieve"] >= SLEEP * 1_000
    assert "generation" not in line


def test_one_that_waited_for_another_has_no_stages_of_its_own() -> None:
    def joined(request: SearchRequest, deadline: Deadline) -> SearchResult:
        time.sleep(SLEEP)
        return SearchResult((), "", (), 0, True, ExpansionInfo(""), (), (), "g1", cached=True)

    (line,) = lines_of(SlowSearchLog(joined, SLEEP), REQUEST)

    assert line["cached"] is True
    assert "stages_ms" not in line


def test_each_is_counted() -> None:
    told: list[None] = []
    search = SlowSearchLog(searched, SLEEP, on_slow=lambda: told.append(None))

    lines_of(search, REQUEST, SearchRequest("quick"), SearchRequest("late"))

    assert len(told) == 2


def test_traces_reach_who_looks_further_out_and_nobody_afterwards() -> None:
    search = SlowSearchLog(searched, 1.0)
    traces: list[Trace] = []
    token = TRACES.set(traces)
    try:
        search(SearchRequest("quick"), Deadline.none())
    finally:
        TRACES.reset(token)
    search(SearchRequest("quick"), Deadline.none())

    (trace,) = traces
    assert [timing.stage for timing in trace.timings] == [Stage.RETRIEVE]
