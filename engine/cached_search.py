"""Searches that were asked before, answered from memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.caching import Cache, Lookup, OnLookup
from engine.deadline import Deadline
from engine.plan import checked_query
from engine.request import SearchRequest, SearchResult
from engine.text import normalise

Search = Callable[[SearchRequest, Deadline], SearchResult]


@dataclass(frozen=True, slots=True)
class CachedSearch:
    """Requests that differ only in how the query is spelled (case, blanks, width) share an answer, and so do
    callers who ask at once. Answers cut short by a deadline are not kept.
    """

    search: Search
    results: Cache[SearchRequest, SearchResult]

    @classmethod
    def over(cls, search: Search, size: int, on_lookup: OnLookup | None = None) -> CachedSearch:
        """Keeps `size` answers; 0 keeps none."""
        return cls(search, Cache(size, keep=_is_whole, on_lookup=on_lookup))

    def __call__(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """A kept answer has no timings, since nothing ran. Raises what the search raises."""
        if request.skip_cache:
            return self.search(request, deadline)
        deadline.check()
        key = replace(request, query=normalise(checked_query(request.query, "query")))
        result, how = self.results.get(key, lambda: self.search(request, deadline), deadline)
        return result if how is Lookup.MISS else replace(result, timings=(), cached=True)


def _is_whole(result: SearchResult) -> bool:
    return not result.degraded
