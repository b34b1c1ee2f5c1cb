"""Calls that are answered by a stream, for as long as their callers listen.

gRPC keeps a thread for each: it waits in the method for what comes next, or for the caller to take what was
sent last (flow control), and so no more than one message of a stream is ever held here. They have threads of
their own, so that no shopper waits for one of them, and no more of them are let in than there are threads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from time import monotonic, perf_counter
from typing import Any

import grpc
import structlog

from engine.collection import ONLY
from engine.errors import EngineError, OverloadedError
from engine.metrics import Metrics
from engine.rpc.admission import Admission
from engine.rpc.call import method_name
from engine.rpc.call_pool import CallPool
from engine.rpc.guard import Behaviour, Guard, Handler, about_error, numbered
from engine.rpc.receiving import Receiver
from engine.rpc.rooms import share_of
from engine.rpc.status import INTERNAL_REASON, STATUS_OF, internal_status, status_of
from engine.rpc.tenancy import current
from engine.security.caller import Caller

BEGUN = "BEGUN"
"""The outcome that the audit log has of a stream that begins."""
RENEWAL_SECONDS = 15.0
"""Credentials are looked at again with the first response after so long: one whose key was revoked ends."""
_RETRY_SECONDS = 1.0

_log = structlog.get_logger()


class Streams(Guard):
    """Guards methods that answer with an iterator, as `Guard` does others, on threads of their own."""

    def __init__(
        self,
        metrics: Metrics,
        admission: Admission,
        receiver: Receiver,
        most: int,
        *,
        collections: Collection[str] = (ONLY,),
        renewal: float = RENEWAL_SECONDS,
    ) -> None:
        """No more than `most` are open at a time, and of one of several collections `share_of` them."""
        super().__init__(metrics, admission, receiver, None)  # a stream without end is no span
        self._most, self._most_each = most, share_of(most, len(collections))
        self._pools = {name: CallPool(max(1, self._most_each), "stream") for name in collections}
        self._renewal = renewal

    def pool(self, collection: str) -> CallPool:
        return self._pools[collection]

    def check_room(self, collection: str) -> None:
        """Raises OverloadedError."""
        for which, open_ones, most in (
            ("", sum(pool.inflight() for pool in self._pools.values()), self._most),
            (" of this collection", self._pools[collection].inflight(), self._most_each),
        ):
            if open_ones >= most:
                raise OverloadedError(
                    f"The server has {most} streams{which} open, as many as it takes (--followers); end one, "
                    "or ask another server.",
                    retry_after=_RETRY_SECONDS,
                    followers=most,
                )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, method: str, handler: Handler, caller: Caller | None) -> Behaviour:
        name = method_name(method)

        def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
            request_id, trailing = numbered(context)
            start = perf_counter()
            try:
                request = self._request(messages, context, handler)
                self._begun(method, context, caller)
                yield from self._responses(method, handler, request, context)
            except EngineError as error:
                code, status = STATUS_OF[error.code], status_of(error, trailing)
                about = about_error(error)
            except GeneratorExit:  # the caller went away while the last response was on its way
                self._finished(method, grpc.StatusCode.CANCELLED, start, context, caller, {})
                raise
            except grpc.RpcError:  # it went away before its message was here
                raise
            except Exception:
                _log.exception("call failed", method=name)
                code, status = grpc.StatusCode.INTERNAL, internal_status(request_id, trailing)
                about = {"reason": INTERNAL_REASON}
            else:
                self._finished(method, grpc.StatusCode.OK, start, context, caller, {})
                return
            self._finished(method, code, start, context, caller, about)
            context.abort_with_status(status)

        return answer

    def _responses(
        self, method: str, handler: Handler, request: Any, context: grpc.ServicerContext
    ) -> Iterator[Any]:
        """Raises what `Admission.renew` does when the caller may not listen any more."""
        behaviour: Any = handler.unary_stream
        renewed = monotonic()
        with closing(behaviour(request, context)) as responses:
            for response in responses:
                yield response
                if monotonic() - renewed >= self._renewal:
                    self.admission.renew(context, method)
                    renewed = monotonic()

    def _begun(self, method: str, context: grpc.ServicerContext, caller: Caller | None) -> None:
        known = {} if caller is None else {"caller": caller.name}
        _log.info("stream begun", method=method_name(method), peer=context.peer(), **known)
        self.admission.record(method, context, caller, BEGUN, "")

    def _count(self, name: str, code: str, seconds: float) -> None:  # noqa: ARG002  (as `Guard` names them)
        self._metrics.stream_finished(name, code, current())
