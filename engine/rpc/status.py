"""Errors as gRPC statuses with details (AIP-193). This table is the only place where the two meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from engine.errors import EngineError, ErrorCode, InvalidArgumentError, OverloadedError

DOMAIN = "cartograph"
INTERNAL_REASON = "INTERNAL"

STATUS_OF: Mapping[ErrorCode, grpc.StatusCode] = MappingProxyType(
    {
        ErrorCode.INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
        ErrorCode.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
        ErrorCode.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
        ErrorCode.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
        ErrorCode.FAILED_PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
        ErrorCode.RESOURCE_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
        ErrorCode.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
        ErrorCode.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
        ErrorCode.CANCELLED: grpc.StatusCode.CANCELLED,
    }
)

MESSAGE_BYTES = 600
VALUE_BYTES = 200
"""Details travel in headers, and clients drop headers above 8 KiB: an error about a filter of 4,000 Chinese
characters must still arrive as what it is.
"""


def status_of(error: EngineError, trailing: Sequence[tuple[str, str]] = ()) -> grpc.Status:
    """The error's sentence, one ErrorInfo, a BadRequest where a field is at fault, and a RetryInfo where
    another try will help.
    """
    message = shortened(error.message, MESSAGE_BYTES)
    details: list[Message] = [
        ErrorInfo(
            reason=error.reason,
            domain=DOMAIN,
            metadata={key: shortened(value, VALUE_BYTES) for key, value in error.metadata.items()},
        )
    ]
    if isinstance(error, InvalidArgumentError):
        violation = BadRequest.FieldViolation(field=error.field, description=message)
        details.append(BadRequest(field_violations=[violation]))
    if isinstance(error, OverloadedError):
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after * 1_000))
        details.append(RetryInfo(retry_delay=delay))
    return _status(STATUS_OF[error.code], message, details, trailing)


def internal_status(request_id: str, trailing: Sequence[tuple[str, str]] = ()) -> grpc.Status:
    """For a bug. Nothing of it leaks; the log holds the traceback under the same request id."""
    message = f"The engine failed on this call; its log says why under the request id {request_id}."
    info = ErrorInfo(reason=INTERNAL_REASON, domain=DOMAIN, metadata={"request_id": request_id})
    return _status(grpc.StatusCode.INTERNAL, message, [info], trailing)


def shortened(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, the end cut off between two characters; half a character, which a page
    token may hold, is a question mark.

    >>> shortened("cartridge", 8)
    'cartr…'
    """
    content = text.encode(errors="replace")
    if len(content) <= limit:
        return content.decode()
    return content[: limit - len("…".encode())].decode(errors="ignore") + "…"


class _Status(grpc.Status):
    def __init__(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, str | bytes], ...]
    ) -> None:
        self.code = code
        self.details = details
        self.trailing_metadata = trailing_metadata


def _status(
    code: grpc.StatusCode, message: str, details: Sequence[Message], trailing: Sequence[tuple[str, str]]
) -> grpc.Status:
    packed = []
    for detail in details:
        holder = AnyMessage()
        holder.Pack(detail)
        packed.append(holder)
    number: int = code.value[0]
    status = rpc_status.to_status(Status(code=number, message=message, details=packed))
    return _Status(code, message, (*status.trailing_metadata, *trailing))
