"""Callers of a server who do all that callers do, and give up every fifth call."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import grpc

from cartograph.v1 import generation_service_pb2 as generation
from tests.fault.guarded_calls import UNTYPED
from tests.fault.mixed_requests import random_request
from tests.integration.real_server import WAIT, RealServer
from tests.rpc.running import Refusal

GIVEN_UP = "given up"
CANCELLED = 0.2
"""Share of calls that their callers give up before there is an answer."""
_PAUSE = 0.005
"""Seconds between two calls of a caller: no benchmark, and the change log grows by what is written."""


@dataclass(slots=True)
class MixedLoad:
    """Every `swap_seconds` one of the `generations` is activated. `calls` counts by method and how they
    ended: OK, a code, or GIVEN_UP; `untyped` are those that must not be: bugs, and errors without a reason.
    """

    server: RealServer
    generations: tuple[str, str]
    swap_seconds: float
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    untyped: list[str] = field(default_factory=list)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self, callers: int, seed: int) -> Iterator[None]:
        """That many callers, and one who swaps generations, until the end of the block."""
        done = threading.Event()
        behaviours = (*[self._call] * callers, self._swap)
        threads = [
            threading.Thread(target=each, args=(done, Random(seed * 1_000 + number)))
            for number, each in enumerate(behaviours)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join(WAIT)

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    def _call(self, done: threading.Event, random: Random) -> None:
        while not done.wait(_PAUSE):
            method, request = random_request(random)
            if method == "WatchChanges":
                self._watch(request, random)
            else:
                call = self._stub(method).future(request, timeout=WAIT)
                self._end(method, call, random, call.result)

    def _watch(self, request: Any, random: Random) -> None:
        call = self.server.catalog.WatchChanges(request, timeout=WAIT)
        self._end("WatchChanges", call, random, lambda: next(call))
        call.cancel()

    def _swap(self, done: threading.Event, random: Random) -> None:
        while not done.wait(self.swap_seconds):
            request = generation.ActivateGenerationRequest(generation_id=random.choice(self.generations))
            call = self.server.generations.ActivateGeneration.future(request, timeout=WAIT)
            self._end("ActivateGeneration", call, random, call.result)

    def _end(self, method: str, call: Any, random: Random, result: Callable[[], object]) -> None:
        if random.random() < CANCELLED:
            time.sleep(random.choice((0.0, random.random() * 0.02)))
            call.cancel()
        try:
            result()
        except grpc.FutureCancelledError:
            self._count(method, GIVEN_UP)
        except grpc.RpcError as error:
            self._count(method, self._refused(method, error))
        else:
            self._count(method, "OK")

    def _refused(self, method: str, error: grpc.RpcError) -> str:
        assert isinstance(error, grpc.Call)
        if error.code() is grpc.StatusCode.CANCELLED:
            return GIVEN_UP
        try:
            code = Refusal.of(error).code
        except (AssertionError, KeyError):  # it has no reason
            code = grpc.StatusCode.UNKNOWN
        if code in UNTYPED:
            self.untyped.append(f"{method}: {error}")
        return str(code.name)

    def _count(self, method: str, end: str) -> None:
        with self._counting:
            self.calls[method, end] += 1

    def _stub(self, method: str) -> Any:
        server = self.server
        services = (server.search, server.catalog, server.events, server.graph, server.generations)
        return next(getattr(each, method) for each in services if hasattr(each, method))
