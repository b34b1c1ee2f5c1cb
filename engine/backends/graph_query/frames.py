"""How the server and a child talk: JSON in UTF-8 behind its length in 4 bytes, the highest first."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

HEADER = struct.Struct(">I")


def packed(message: dict[str, Any]) -> bytes:
    """A message as it is sent.

    >>> packed({"a": 1})
    b'\\x00\\x00\\x00\\x07{"a":1}'
    """
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return HEADER.pack(len(body)) + body


def unpacked(body: bytes) -> dict[str, Any]:
    """What `packed` made, without its header."""
    message: dict[str, Any] = json.loads(body.decode("utf-8", "surrogatepass"))
    return message


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message; None at the end of the stream. Waits for it."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = stream.read(length)
    return unpacked(body) if len(body) == length else None
