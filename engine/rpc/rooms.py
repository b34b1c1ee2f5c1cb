"""The threads that answer each collection's calls, and how many calls there may be.

A collection has threads of its own, so that no call waits behind those of another, and no more calls at a
time than leave room for the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.errors import OverloadedError
from engine.rpc.call_pool import CallPool

SLOW_WORKERS = 8
"""Threads of calls that wait for something other than a core, beside the workers."""
_LEAST_WORKERS = 2


def share_of(most: int, collections: int) -> int:
    """As many as one collection may have where `most` is for all: half where there are others, so that one
    that is flooded leaves room. Less would refuse what the server could do while the others are quiet.
    """
    return most if collections == 1 else -(-most // 2)


@dataclass(frozen=True, slots=True)
class _Room:
    quick: CallPool
    slow: CallPool

    def inflight(self) -> int:
        return self.quick.inflight() + self.slow.inflight()


class Rooms:
    """Safe to use from many threads."""

    def __init__(self, collections: Iterable[str], *, workers: int, most: int, most_each: int = 0) -> None:
        """`workers` threads are shared out among the collections; `most` calls are let in at a time, running
        and waiting, and `most_each` of one of several collections (0: as `share_of` says).
        """
        names = tuple(collections)
        share = share_of(most, len(names))
        if len(names) > 1:
            workers, share = max(_LEAST_WORKERS, -(-workers // len(names))), most_each or share
        self._rooms = {name: _Room(CallPool(workers), CallPool(SLOW_WORKERS)) for name in names}
        self._most, self._most_each = most, share

    def pool(self, collection: str, *, slow: bool = False) -> CallPool:
        room = self._rooms[collection]
        return room.slow if slow else room.quick

    def check(self, collection: str) -> None:
        """Raises OverloadedError when there is no room for one more call of that collection."""
        if self.inflight() >= self._most:
            raise OverloadedError(
                f"The server is answering {self._most} calls, as many as it takes; try again in a moment, "
                "with back-off.",
                retry_after=max(room.quick.backlog_seconds() for room in self._rooms.values()),
                max_inflight=self._most,
            )
        room = self._rooms[collection]
        if room.inflight() >= self._most_each:
            raise OverloadedError(
                f"The server is answering {self._most_each} calls of this collection, as many as it takes "
                "of one; try again in a moment, with back-off.",
                retry_after=room.quick.backlog_seconds(),
                max_inflight_per_collection=self._most_each,
            )

    def inflight(self) -> int:
        """Calls that run or wait for a thread."""
        return sum(room.inflight() for room in self._rooms.values())

    def inflight_of(self, collection: str) -> int:
        return self._rooms[collection].inflight()

    def running(self) -> int:
        """Calls being answered by workers."""
        return self._sum(CallPool.running)

    def waiting(self) -> int:
        """Accepted calls that wait for a worker."""
        return self._sum(CallPool.waiting)

    def crowded(self) -> bool:
        """Whether calls wait for a thread."""
        return any(room.quick.waiting() + room.slow.waiting() for room in self._rooms.values())

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every call was finished within `timeout` seconds."""
        end = time.monotonic() + timeout
        return all(pool.wait_until_idle(max(0.0, end - time.monotonic())) for pool in self._pools())

    def close(self) -> None:
        """Calls that have not begun never will."""
        for pool in self._pools():
            pool.shutdown(wait=False, cancel_futures=True)

    def _pools(self) -> list[CallPool]:
        return [pool for room in self._rooms.values() for pool in (room.quick, room.slow)]

    def _sum(self, count: Callable[[CallPool], int]) -> int:
        return sum(count(room.quick) for room in self._rooms.values())
