"""The searches of one call, in several threads at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context

from engine.cached_search import Search
from engine.deadline import Deadline
from engine.errors import InvalidArgumentError
from engine.request import SearchRequest, SearchResult


def search_side_by_side(
    search: Search, requests: Sequence[SearchRequest], deadline: Deadline, pool: Executor
) -> list[SearchResult]:
    """In the order of the requests. The first wrong one fails them all; its error names its place.

    Each has a copy of the caller's context, so that its log lines and its trace belong to the call.
    """
    futures = [pool.submit(copy_context().run, search, request, deadline) for request in requests]
    try:
        return [_in_batch(place, future.result) for place, future in enumerate(futures)]
    finally:
        for future in futures:
            future.cancel()


def _in_batch(place: int, result: Callable[[], SearchResult]) -> SearchResult:
    try:
        return result()
    except InvalidArgumentError as error:
        error.field = f"requests[{place}].{error.field}"
        error.metadata["field"] = error.field
        raise
