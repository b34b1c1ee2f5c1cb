"""A change of the live catalogue, as it is given to the log, kept as a row and read again.

Every row carries a checksum of its content, keyed with the id of its log: a row that was damaged, or that
belongs to another log, is never taken for a change.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np

from engine.types import FloatArray

CHECKSUM_BYTES = 16
_FLOAT = np.dtype("<f4")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_TOLERANCE = 1e-3
_CHANGE_HEAD = struct.Struct("<cqqqqqq")
_REQUEST_HEAD = struct.Struct("<cqqqq")

Row: TypeAlias = tuple[Any, ...]
"""Of the database, of whatever types the file says: nothing of it is believed before its checksum fits."""


@dataclass(frozen=True, slots=True, eq=False)
class NewChange:
    """What becomes of one product.

    `record` is the whole product after the change, JSON as the catalogue keeps it, `vector` its embedding,
    float32 (d,) of length 1, and `encoder` the fingerprint of the encoder that made it. Without a vector it
    has to be found elsewhere. A deletion has the record b"" and no vector. ValueError for what is neither.
    """

    product_id: str
    record: bytes
    vector: FloatArray | None
    encoder: str

    def __post_init__(self) -> None:
        if not self.product_id:
            raise ValueError("a change names no product")
        if self.vector is not None and not self.record:
            raise ValueError(f"the deletion of {self.product_id} has a vector")
        if self.vector is not None:
            self._refuse_strange(self.vector)

    def _refuse_strange(self, vector: FloatArray) -> None:
        if vector.dtype != np.float32 or vector.ndim != 1:
            raise ValueError(f"the vector of {self.product_id} is {vector.dtype} {vector.shape}")
        length = float(np.sqrt(vector @ vector))
        if not abs(length - 1) < _UNIT_TOLERANCE:  # so that NaN is refused as well
            raise ValueError(f"the vector of {self.product_id} has the length {length}, not 1")

    @classmethod
    def deletion(cls, product_id: str) -> NewChange:
        return cls(product_id, b"", None, "")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A change that was committed.

    `sequence` counts 1, 2, 3 ... without gaps, and no number is ever used twice. `time` is UTC, to the
    microsecond, and never before that of an earlier change, whatever the clock did: order is by sequence.
    """

    sequence: int
    product_id: str
    record: bytes
    vector: FloatArray | None
    encoder: str
    time: datetime

    @property
    def deleted(self) -> bool:
        return not self.record


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """Changes that are committed together or not at all.

    `outcome` is what a repetition of `request_id` is answered with, opaque to the log; with the id "" nothing
    is remembered.
    """

    request_id: str
    outcome: bytes
    changes: Sequence[NewChange]


def change_row(key: bytes, sequence: int, time: int, change: NewChange) -> Row:
    """In the order of the table's columns; `time` is in microseconds since 1970."""
    vector = None if change.vector is None else change.vector.astype(_FLOAT, copy=False).tobytes()
    content = (sequence, time, change.product_id.encode(), change.record, vector, change.encoder.encode())
    return (*content, _change_checksum(key, *content))


def request_row(key: bytes, ordinal: int, time: int, request: LoggedRequest) -> Row:
    content = (ordinal, time, request.request_id.encode(), request.outcome)
    return (*content, _request_checksum(key, *content))


def read_change(key: bytes, row: Row) -> Change | None:
    """None when the row is not what was written."""
    *content, checksum = row
    sequence, time, product_id, record, vector, encoder = content
    whole = _are(int, sequence, time) and _are(bytes, product_id, record, encoder)
    if not (whole and (vector is None or isinstance(vector, bytes))):
        return None
    if checksum != _change_checksum(key, sequence, time, product_id, record, vector, encoder):
        return None
    return Change(
        sequence,
        product_id.decode(),
        record,
        None if vector is None else np.frombuffer(vector, _FLOAT).astype(np.float32, copy=False),
        encoder.decode(),
        from_microseconds(time),
    )


def read_outcome(key: bytes, row: Row) -> bytes | None:
    """None when the row is not what was written."""
    ordinal, time, request_id, outcome, checksum = row
    if not (_are(int, ordinal, time) and _are(bytes, request_id, outcome)):
        return None
    return outcome if checksum == _request_checksum(key, ordinal, time, request_id, outcome) else None


def seal(key: bytes, *content: int) -> bytes:
    """The checksum of a row that holds only numbers."""
    return _digest(key, b"s" + struct.pack(f"<{len(content)}q", *content))


def microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(time: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time)


def _change_checksum(
    key: bytes,
    sequence: int,
    time: int,
    product_id: bytes,
    record: bytes,
    vector: bytes | None,
    encoder: bytes,
) -> bytes:
    """The lengths are part of it, so that no byte can move from one column to the next."""
    lengths = (len(product_id), len(record), -1 if vector is None else len(vector), len(encoder))
    head = _CHANGE_HEAD.pack(b"c", sequence, time, *lengths)
    return _digest(key, b"".join((head, product_id, record, vector or b"", encoder)))


def _request_checksum(key: bytes, ordinal: int, time: int, request_id: bytes, outcome: bytes) -> bytes:
    head = _REQUEST_HEAD.pack(b"r", ordinal, time, len(request_id), len(outcome))
    return _digest(key, b"".join((head, request_id, outcome)))


def _digest(key: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=CHECKSUM_BYTES, key=key).digest()


def _are(kind: type, *values: Any) -> bool:
    return all(type(value) is kind for value in values)
