"""Takes the one message of a unary call, and gives up callers that begin a call and do not send it.

gRPC hands a call to a thread when its headers are there, and the thread waits for the message for as long as
the caller likes: a handful of such calls would hold every worker. That is why unary calls are registered as
streams of requests, of which the first message is the request: waiting is then in our hands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

import grpc

from engine.errors import CancelledError, InvalidArgumentError

PATIENCE = 5.0
"""Seconds that a message may take."""
SHORT_PATIENCE = 1.0
"""While other calls wait for a thread."""
_PAUSE = 0.1


@dataclass(slots=True)
class _Wait:
    since: float
    context: grpc.ServicerContext
    given_up: bool = False


class Receiver:
    """Safe to use from many threads. `crowded` says whether calls wait for a thread."""

    def __init__(self, crowded: Callable[[], bool]) -> None:
        self._crowded = crowded
        self._waiting: dict[int, _Wait] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._give_up, name="receiving", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def receive(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """Raises InvalidArgumentError when the caller sends none, CancelledError when it takes too long, and
        gRPC's error for a caller that is gone.
        """
        place, wait = threading.get_ident(), _Wait(monotonic(), context)
        self._waiting[place] = wait
        try:
            return next(messages)
        except (StopIteration, grpc.RpcError) as error:
            if wait.given_up:
                raise CancelledError(
                    "The message of the call did not come in time; send it with the call."
                ) from None
            if isinstance(error, grpc.RpcError):
                raise
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
            for wait in tuple(self._waiting.values()):
                if wait.since < latest and not wait.given_up:
                    wait.given_up = True
                    wait.context.cancel()
