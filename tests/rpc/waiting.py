"""A search that lasts until the test lets it end or its caller goes away."""

from __future__ import annotations

import threading
import time

from engine.deadline import Deadline
from engine.errors import EngineError
from engine.request import SearchRequest
from tests.rpc.running import WAIT


class Waiting:
    """As the `before` of a FakeEngine. `started` counts searches; `ended` holds how each was cut short."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.release = threading.Event()
        self.ended: list[EngineError] = []
        self.cut_short = threading.Event()

    def __call__(self, _request: SearchRequest, deadline: Deadline) -> None:
        self.started.release()
        until = time.monotonic() + WAIT
        try:
            while not self.release.wait(0.005) and time.monotonic() < until:
                deadline.check()
        except EngineError as error:
            self.ended.append(error)
            self.cut_short.set()
            raise

    def wait_for_starts(self, count: int) -> None:
        for _ in range(count):
            assert self.started.acquire(timeout=WAIT)
