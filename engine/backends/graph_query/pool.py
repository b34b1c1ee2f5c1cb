"""A few processes that answer SPARQL, started when first needed and replaced when they were killed."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDoneError
from math import inf
from pathlib import Path
from typing import NoReturn

import structlog

from engine.backends.graph_query import limits
from engine.backends.graph_query.child import (
    CallerGoneError,
    CannotOpenError,
    Child,
    ChildEndedError,
    TimeUpError,
)
from engine.backends.graph_query.live_store import GraphChanges, LiveStore
from engine.backends.graph_query.screen import screen
from engine.backends.graph_query.translate import read_answer
from engine.deadline import Deadline
from engine.errors import (
    CancelledError,
    DamagedGenerationError,
    FailedPreconditionError,
    NotServingError,
    OverloadedError,
    QueryEndedError,
)
from engine.graph_values import GraphAnswer, GraphQuery

_MARGIN_SECONDS = 0.1
"""Of the caller's time, kept for telling it why there is no answer."""
_OUT_OF_BOUNDS = frozenset({-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS})
"""How native code ends that gets no memory, or no more stack."""

_log = structlog.get_logger()


class GraphQueryPool:
    """Answers queries on one store and the live changes over it. Safe to call from many threads at once."""

    def __init__(self, store: Path, *, processes: int, memory_mib: int, scratch: Path | None = None) -> None:
        """At most `processes` queries run at a time, each in `memory_mib` beside what the store itself
        takes. With 0 processes every query is refused. Live changes are written into `scratch`, as by
        `LiveStore`.
        """
        self._live = LiveStore(store, scratch)  # for the starter's thread only
        self._store, self._processes, self._memory = store, processes, memory_mib * limits.MIB
        self._free = threading.Semaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._closed = False
        # Children end with the thread that started them, so that is one which lives as long as the pool.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="graph-query-starter")

    def run(self, query: GraphQuery, deadline: Deadline, changes: GraphChanges | None = None) -> GraphAnswer:
        """With these changes in the store, or later ones.

        Raises QuerySyntaxError and InvalidArgumentError for a query that cannot run, QueryLimitError for one
        that takes too much, DeadlineExceededError, CancelledError, OverloadedError when all processes are
        busy, QueryEndedError when one was ended from outside, FailedPreconditionError when there are none,
        StorageError when the changes cannot be written.
        """
        if not self._processes:
            raise FailedPreconditionError(
                "This server runs no graph queries; start it with --graph-query-processes 1 or more."
            )
        screened = screen(query.text)
        if not self._free.acquire(blocking=False):
            raise OverloadedError(
                f"All {self._processes} processes for graph queries are busy; try again in a moment.",
                processes=self._processes,
            )
        try:
            return self._run(query, changes, union=not screened.names_graphs, deadline=deadline)
        finally:
            self._free.release()

    def pids(self) -> tuple[int, ...]:
        """Of children that wait for a query."""
        with self._lock:
            return tuple(child.pid for child in self._idle)

    def close(self) -> None:
        """End all children; called when no query runs."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for child in idle:
            child.kill()
        self._starter.shutdown(wait=True)
        self._live.close()

    def _run(
        self, query: GraphQuery, changes: GraphChanges | None, *, union: bool, deadline: Deadline
    ) -> GraphAnswer:
        seconds = _allowed(deadline)
        until = time.monotonic() + seconds
        child = self._take(changes, until, seconds)
        request = {
            "query": query.text,
            "union": union,
            "rows": query.max_rows,
            "bytes": limits.MAX_BYTES,
            "seconds": max(0.001, until - time.monotonic()),
        }
        usable = False
        try:
            found = child.ask(request, until, deadline.cancelled)
            usable = not found.get("tired", False)
        except TimeUpError:
            raise limits.time_up(seconds) from None
        except CallerGoneError:
            raise CancelledError("The caller cancelled the call.") from None
        except ChildEndedError as error:
            self._raise_ended(error, seconds)
        finally:
            self._give_back(child, usable=usable)
        limits.check(found, query.max_rows, self._memory)
        if found.get("error") == "store":
            raise DamagedGenerationError(self._store, f"could not be read by a query ({found['message']})")
        return read_answer(found)

    def _take(self, changes: GraphChanges | None, until: float, seconds: float) -> Child:
        """An idle child that still lives and knows the changes or learns of them, else a new one."""
        version = changes.version if changes else 0
        while True:
            with self._lock:
                if self._closed:
                    raise NotServingError("The server is draining; ask another server.")
                child = self._idle.pop() if self._idle else None
            if child is not None and not child.alive():
                child.kill()
            elif child is not None and child.version >= version:
                return child
            else:
                return self._start(child, changes if version else None, until, seconds)

    def _start(self, idle: Child | None, changes: GraphChanges | None, until: float, seconds: float) -> Child:
        starting = self._starter.submit(self._started, idle, changes)
        try:
            return starting.result(max(0.0, until - time.monotonic()))
        except CannotOpenError as error:
            raise DamagedGenerationError(self._store, f"cannot be opened by a query ({error})") from error
        except ChildEndedError as error:
            self._raise_ended(error, seconds)
        except (NotDoneError, TimeUpError):
            starting.add_done_callback(self._adopt)
            raise (limits.time_up if changes is None else limits.not_written)(seconds) from None

    def _started(self, idle: Child | None, changes: GraphChanges | None) -> Child:
        """In the starter's thread, also when nobody waits for it any more: what was written stays."""
        child = idle or Child.start(self._store, self._memory)
        try:
            if changes is not None:
                child.turn_to(self._live.copy(changes), self._live.version)
        except BaseException:
            child.kill()
            raise
        return child

    def _adopt(self, started: Future[Child]) -> None:
        """Keep a child whose caller could not wait for it."""
        if not started.cancelled() and started.exception() is None:
            self._give_back(started.result(), usable=True)

    def _give_back(self, child: Child, *, usable: bool) -> None:
        with self._lock:
            keep = usable and not self._closed and len(self._idle) < self._processes
            if keep:
                self._idle.append(child)
        if not keep:
            child.kill()

    def _raise_ended(self, error: ChildEndedError, seconds: float) -> NoReturn:
        _log.warning("graph query process ended", status=error.status, said=error.said)
        if error.status == -signal.SIGALRM:
            raise limits.time_up(seconds) from None
        if error.status in _OUT_OF_BOUNDS:
            raise limits.no_memory(self._memory) from None
        raise QueryEndedError(error.status) from None


def _allowed(deadline: Deadline) -> float:
    """Seconds that a query may run. Raises DeadlineExceededError and CancelledError."""
    deadline.check()
    remaining = deadline.remaining()
    if remaining == inf:
        return limits.DEFAULT_SECONDS
    return min(limits.MAX_SECONDS, max(0.0, remaining - _MARGIN_SECONDS))
