"""What a call brings along: its deadline, its request id and its method's name."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable

import grpc

from engine.deadline import Deadline

REQUEST_ID = "x-request-id"
PACKAGE_PREFIX = "/cartograph."
_ACCEPTABLE_ID = re.compile(r"[!-~]{1,128}")
_FOREVER = 365 * 86_400
"""gRPC gives a call without a deadline one in the far future."""
_CLOCK_SLACK = 0.025
"""Seconds. The caller's clock rings up to some 10 ms before ours, and it hangs up then."""


def deadline_of(context: grpc.ServicerContext) -> Deadline:
    """The caller's, and whether it went away. gRPC cancels a call whose time is up: that is told apart."""
    remaining = context.time_remaining()
    expires_at = None if remaining is None or remaining > _FOREVER else time.monotonic() + remaining

    def cancelled() -> bool:
        early = expires_at is None or time.monotonic() < expires_at - _CLOCK_SLACK
        return early and not context.is_active()

    return Deadline(expires_at, cancelled)


def request_id_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """The caller's x-request-id when it is 1 to 128 visible ASCII characters, else a new one."""
    for key, value in metadata:
        if key == REQUEST_ID and isinstance(value, str) and _ACCEPTABLE_ID.fullmatch(value):
            return value
    return uuid.uuid4().hex


def method_name(full_method: str) -> str:
    """The last part of gRPC's path.

    >>> method_name("/cartograph.v1.SearchService/SearchProducts")
    'SearchProducts'
    """
    return full_method.rpartition("/")[2]
