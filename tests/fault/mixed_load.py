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

from cartograph.v1 import catalog_service_pb2 as catalog
from cartograph.v1 import generation_service_pb2 as generation
from cartograph.v1 import knowledge_graph_service_pb2 as graph
from cartograph.v1 import search_service_pb2 as search
from tests.fault.guarded_calls import UNTYPED
from tests.integration.real_server import WAIT, RealServer
from tests.rpc.running import Refusal

GIVEN_UP = "given up"
CANCELLED = 0.2
"""Share of calls that their callers give up before there is an answer."""
_PRODUCTS = 40
_WORDS = ("black ink", "printer", "usb cable", "paper a4", "toner for printnova", "teapot", "blakc inc")
_SWAP_SECONDS = 10.0
_PAUSE = 0.005
"""Seconds between two calls of a caller: no benchmark, and the change log grows by what is written."""


@dataclass(slots=True)
class MixedLoad:
    """`calls` counts by method and how they ended: OK, a code, or GIVEN_UP; `untyped` are those that must
    not be: bugs, and errors without a reason.
    """

    server: RealServer
    generations: tuple[str, str]
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
            method, request = self._request(random)
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
        while not done.wait(_SWAP_SECONDS):
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
        services = (self.server.search, self.server.catalog, self.server.graph, self.server.generations)
        return next(getattr(each, method) for each in services if hasattr(each, method))

    def _request(self, random: Random) -> tuple[str, Any]:
        """Seven of ten search or read."""
        words, product_id = random.choice(_WORDS), f"SOAK-{random.randrange(_PRODUCTS)}"
        price = {"currency_code": "EUR", "units": random.randrange(100)}
        match random.randrange(14):
            case 0 | 1 | 2 | 3:
                found = search.SearchProductsRequest(
                    query=words, filter=random.choice(("", "price > 5")), skip_cache=random.random() < 0.5
                )
                return "SearchProducts", found
            case 4:
                return "SuggestQueries", search.SuggestQueriesRequest(prefix=words[:3])
            case 5:
                return "GetProduct", catalog.GetProductRequest(product_id=product_id)
            case 6:
                return "DescribeEntity", graph.DescribeEntityRequest(name=words)
            case 7:
                return "QueryGraph", graph.QueryGraphRequest(query="SELECT * { ?s ?p ?o } LIMIT 5")
            case 8:
                return "ListGenerations", generation.ListGenerationsRequest()
            case 9:
                return "WatchChanges", catalog.WatchChangesRequest()
            case 10:
                product = {"id": product_id, "title": f"{words} {random.randrange(10)}", "price": price}
                return "UpsertProducts", catalog.UpsertProductsRequest(upserts=[{"product": product}])
            case 11 | 12:
                patch = {"product": {"id": product_id, "price": price}, "update_mask": {"paths": ["price"]}}
                return "PatchProducts", catalog.PatchProductsRequest(patches=[patch])
        return "DeleteProducts", catalog.DeleteProductsRequest(product_ids=[product_id])
