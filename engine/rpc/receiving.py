"""Takes the one message of a unary call, and gives up callers that begin a call and do not send it.

gRPC hands a call to a thread when its headers are there, and the thread waits for the message for as long as
the caller likes: a handful of such calls would hold every worker. That is why unary calls are registered as
streams of requests, of which the first message is the request: waiting is then in our hands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import grpc

from engine.errors import InvalidArgumentError

PATIENCE = 5.0
"""Seconds that a message may take."""
SHORT_PATIENCE = 1.0
"""While other calls wait for a thread."""
_PAUSE = 0.1


class Receiver:
    """Safe to use from many threads. `crowded` says whether calls wait for a thread."""

    def __init__(self, crowded: Callable[[], bool]) -> None:
        self._crowded = crowded
        self._waiting: dict[int, tuple[float, grpc.ServicerContext]] = {}
        self._closed = threading.Event()
        threading.Thread(target=self._give_up, name="receiving", daemon=True).start()

    def receive(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """Raises InvalidArgumentError when the caller sends none, and gRPC's error for one that is gone."""
        place = threading.get_ident()
        self._waiting[place] = (monotonic(), context)
        try:
            return next(messages)
        except StopIteration:
            raise InvalidArgumentError("request", "The call holds no message; send one request.") from None
        finally:
            del self._waiting[place]

    def close(self) -> None:
        self._closed.set()

    def _give_up(self) -> None:
        while not self._closed.wait(_PAUSE):
            if not self._waiting:
                continue
            latest = monotonic() - (SHORT_PATIENCE if self._crowded() else PATIENCE)
            for since, context in tuple(self._waiting.values()):
                if since < latest:
                    context.cancel()
