"""What serves now: one generation at a time, swapped while calls are in flight."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import structlog

from engine.deadline import Deadline
from engine.errors import NotFoundError, NotServingError
from engine.events.event_book import EventBook
from engine.generation import DataFolder, Generation
from engine.graph_values import (
    DescribeRequest,
    Description,
    GraphAnswer,
    GraphQuery,
    LinkedText,
    NeighbourPage,
    NeighboursRequest,
)
from engine.interpreter import LaterCollection, loading
from engine.live.catching_up import CatchingUp, WrittenLog
from engine.live.changes import ChangeRequest, ChangeResult
from engine.live.compaction import Compaction, ForgettingLog
from engine.live.live_generation import LiveGeneration
from engine.live.writer import LiveWriter, Log
from engine.opened import Opened, Showing, View
from engine.plan import checked_query
from engine.relevance_gate import check_relevance
from engine.request import SearchRequest, SearchResult, Suggestion
from engine.side_by_side import search_side_by_side
from engine.text import normalise
from engine.types import FoldedChanges, GenerationInfo, LiveStatus, Product, ServingStatus
from engine.vector_search import VectorRequest, VectorResult
from engine.written_changes import WrittenChange

__all__ = ["ChangeLog", "Opened", "ServingEngine", "Showing", "View"]

_log = structlog.get_logger()


class ChangeLog(Log, ForgettingLog, WrittenLog, Protocol):
    """Of products; see `engine.backends.product_log`."""

    def start_of(self, folded: FoldedChanges) -> int: ...

    def latest(self, after: int) -> Iterator[WrittenChange]: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Lease:
    """An opened generation and the number of calls that use it."""

    opened: Opened
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    calls: int = 0
    retired: bool = False


class ServingEngine:
    """Answers calls from the active generation. Safe to call from many threads at once."""

    def __init__(
        self,
        data: DataFolder,
        load: Callable[[Generation], Opened],
        *,
        log: ChangeLog,
        events: EventBook,
        batch_threads: int,
        live_products: int,
        min_relevance_ratio: float = 0.0,
        on_move: Callable[[], None] = lambda: None,
        on_commit: Callable[[int, float], None] | None = None,
    ) -> None:
        """`load` opens and warms a generation, or raises EngineError; `log` keeps live changes, of which
        `live_products` with new words are taken, `events` what shoppers do; `batch_threads` answer the
        searches of a batch side by side; `min_relevance_ratio` is the gate of `activate`; `on_move` is told
        when the data folder's pointer was moved from here, `on_commit` as by `LiveWriter`.
        """
        self._data = data
        self._load = load
        self._min_relevance_ratio = min_relevance_ratio
        self._on_move = on_move
        self._lease: _Lease | None = None
        self._lock = threading.Lock()
        self._swap = threading.Lock()
        self._batch = ThreadPoolExecutor(batch_threads, thread_name_prefix="batch")
        self._log, self.feed = log, log.feed
        self.events = events
        self._committing = threading.Lock()
        self._writer = LiveWriter(log, self._live, most_slots=live_products, on_commit=on_commit)
        self._compaction = Compaction(data, log)
        self._catching_up = CatchingUp(log, self._live)
        self._garbage = LaterCollection()

    def start(self, generation: Generation) -> None:
        """Load the first generation."""
        with self._swap:
            self._serve(generation)
        self._catching_up.start()

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        with self._using() as opened:
            return opened.view.search(request, deadline)

    def search_batch(self, requests: Sequence[SearchRequest], deadline: Deadline) -> list[SearchResult]:
        """All from one generation. The first wrong request fails the batch; its error names its place."""
        with self._using() as opened:
            return search_side_by_side(opened.view.search, requests, deadline, self._batch)

    def search_by_vector(self, request: VectorRequest, deadline: Deadline) -> VectorResult:
        with self._using() as opened:
            return opened.view.vectors(request, deadline)

    def suggest(self, prefix: str, limit: int) -> tuple[tuple[Suggestion, ...], str]:
        wanted = normalise(checked_query(prefix, "prefix"))
        with self._using() as opened:
            found = opened.view.past_queries.suggest(wanted, limit)
            return tuple(Suggestion(query.text, query.count) for query in found), opened.generation.id

    def products(self, ids: Sequence[str]) -> tuple[list[Product], str]:
        """In the order asked for. Raises NotFoundError for the first unknown id."""
        with self._using() as opened:
            catalog, rows = opened.view.catalog, []
            for product_id in ids:
                row = catalog.row_of(product_id)
                if row is None:
                    raise NotFoundError("product", product_id)
                rows.append(row)
            return catalog.products(rows), opened.generation.id

    def change_products(self, request: ChangeRequest, deadline: Deadline) -> ChangeResult:
        """Durable and seen by searches when this returns; see `LiveWriter.write`."""
        with self._using() as opened:
            result = self._writer.write(request, deadline, opened.live)
        self._compaction.after_write()
        return result

    def describe_entity(self, request: DescribeRequest) -> Description:
        with self._using() as opened:
            return opened.view.browser.describe(request)

    def list_neighbours(self, request: NeighboursRequest) -> NeighbourPage:
        with self._using() as opened:
            return opened.view.browser.neighbours(request)

    def link_entities(self, text: str) -> LinkedText:
        with self._using() as opened:
            return opened.view.browser.link(checked_query(text, "text"))

    def query_graph(self, query: GraphQuery, deadline: Deadline) -> GraphAnswer:
        """On the generation that serves when it begins; a swap meanwhile changes nothing."""
        with self._using() as opened:
            return opened.view.browser.query(query, deadline)

    def generations(self) -> tuple[GenerationInfo, ...]:
        return self._data.list()

    def activate(self, generation_id: str, *, force: bool = False) -> GenerationInfo:
        """Open, warm and swap in; the pointer moves only after it serves. Errors leave all as it was.

        Raises RelevanceGateError for one that ranks worse than the gate allows, unless `force`; an earlier
        one that is rolled back to passes.
        """
        with self._swap:
            ratio = 0.0 if force else self._min_relevance_ratio
            info = self._activate(generation_id, lambda: self._data.activate(generation_id), ratio)
        self._on_move()
        return info

    def roll_back(self) -> GenerationInfo:
        """Serve the generation that was active before. Raises FailedPreconditionError without one."""
        with self._swap:
            info = self._activate(self._data.roll_back_target(), self._data.roll_back)
        self._on_move()
        return info

    def follow(self) -> None:
        """Serve the generation that the data folder points at, after another process has moved the pointer.
        Errors leave all as it was.
        """
        with self._swap:
            generation = self._data.open_active(verify=False)
            if self._current().opened.generation.id != generation.id:
                self._serve(generation)

    def status(self) -> ServingStatus:
        lease = self._current()
        opened = lease.opened
        return ServingStatus(opened.generation.manifest.info(active=True), lease.since, opened.device)

    def live_status(self) -> LiveStatus:
        """Raises NotServingError, and what the log raises when it cannot be read."""
        return self._writer.status(self._current().opened.live)

    def close(self) -> None:
        """Free everything; calls after this raise NotServingError."""
        self._batch.shutdown(wait=True, cancel_futures=True)
        self._catching_up.close()
        self._garbage.cancel()
        self._writer.close()
        self._compaction.close()
        with self._swap:
            self._replace(None)
        self._log.close()
        self.events.close()

    def _activate(
        self, generation_id: str, point: Callable[[], object], min_relevance_ratio: float = 0.0
    ) -> GenerationInfo:
        generation, serving = self._data.open_generation(generation_id), self._current().opened.generation
        doubt = check_relevance(generation.manifest, serving.manifest, min_relevance_ratio)
        if doubt:
            _log.warning("relevance not compared", generation=generation_id, problem=doubt)
        if serving.id != generation_id:
            self._serve(generation)
        point()
        return generation.manifest.info(active=True)

    def _serve(self, generation: Generation) -> None:
        """Load it with all live changes that it does not hold. Commits wait only for those that were made
        while it was loaded.
        """
        with loading():
            opened = self._loaded(generation)
        try:
            with self._committing:
                opened.live.replay(self._log.since(opened.live.sequence))
                self._replace(opened)
        except BaseException:
            opened.close()
            raise
        self._compaction.after_swap()
        self._garbage.ask()

    def _loaded(self, generation: Generation) -> Opened:
        """With the changes that are in the log when they are read."""
        start = self._log.start_of(generation.manifest.folded)
        opened = self._load(generation)
        try:
            opened.live.sequence = start
            opened.live.replay(self._log.latest(start))
        except BaseException:
            opened.close()
            raise
        return opened

    @contextmanager
    def _live(self) -> Iterator[LiveGeneration]:
        """The one that serves, and that goes on serving meanwhile."""
        with self._committing:
            yield self._current().opened.live

    def _replace(self, opened: Opened | None) -> None:
        with self._lock:
            old, self._lease = self._lease, _Lease(opened) if opened else None
            if old is not None:
                old.retired = True
            free = old is not None and not old.calls
        if old is not None and free:
            old.opened.close()

    def _current(self) -> _Lease:
        lease = self._lease
        if lease is None:
            raise NotServingError("The engine is starting or draining; try again in a moment.")
        return lease

    @contextmanager
    def _using(self) -> Iterator[Opened]:
        with self._lock:
            lease = self._current()
            lease.calls += 1
        try:
            yield lease.opened
        finally:
            with self._lock:
                lease.calls -= 1
                free = lease.retired and not lease.calls
            if free:
                lease.opened.close()
