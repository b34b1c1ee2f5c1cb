"""Searches that took too long: a line of the log for each, with what explains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog

from engine.cached_search import Search
from engine.deadline import Deadline
from engine.errors import EngineError
from engine.request import SearchRequest, SearchResult
from engine.trace import TRACES, Trace

_FAILED = "INTERNAL"
"""The reason of what is no EngineError."""

_log = structlog.get_logger()


def _nobody() -> None:
    pass


@dataclass(frozen=True, slots=True)
class SlowSearchLog:
    """Searches as `search` does, and logs those that took `seconds` or longer, failed ones too; time spent
    waiting for another who asked the same counts. What was asked is in the line only with `words`.
    """

    search: Search
    seconds: float
    words: bool = False
    on_slow: Callable[[], None] = _nobody

    def __call__(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Raises what the search raises."""
        outer, traces = TRACES.get(), list[Trace]()
        token, start = TRACES.set(traces), perf_counter()
        result, reason = None, _FAILED
        try:
            result = self.search(request, deadline)
        except EngineError as error:
            reason = error.reason
            raise
        else:
            return result
        finally:
            seconds = perf_counter() - start
            TRACES.reset(token)
            if outer is not None:
                outer.extend(traces)
            if seconds >= self.seconds:
                about = self._asked(request) | _answered(result, reason) | _went(traces)
                _log.warning("slow search", duration_ms=_ms(seconds), **about)
                self.on_slow()

    def _asked(self, request: SearchRequest) -> dict[str, Any]:
        about: dict[str, Any] = {
            "filtered": bool(request.filter.strip()),
            "ordered": bool(request.order_by.strip()),
            "facets": len(request.facet_keys),
            "explained": request.explain,
            "page_size": request.page_size,
        }
        if self.words:
            about |= {"query": request.query, "filter": request.filter, "order_by": request.order_by}
        return about


def _answered(result: SearchResult | None, reason: str) -> dict[str, Any]:
    if result is None:
        return {"reason": reason}
    return {
        "generation": result.generation_id,
        "cached": result.cached,
        "candidates": result.total_size,
        "expansions": len(result.expansion_info.expanded),
    }


def _went(traces: list[Trace]) -> dict[str, Any]:
    """Nothing where the answer came from memory or from another caller's search."""
    if not traces:
        return {}
    trace = traces[-1]
    return {
        "stages_ms": {timing.stage.value: _ms(timing.seconds) for timing in trace.timings},
        "sources": {str(source): count for source, count in trace.candidates.items()},
        "degraded": [each.detail for each in trace.degraded],
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)
