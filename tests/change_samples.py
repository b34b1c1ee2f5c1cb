"""Changes made up from numbers, and what of a change a test compares."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from engine.backends.change import Change, LoggedRequest, NewChange

DIMENSION = 8
ENCODER = "e" * 64

Content: TypeAlias = tuple[str, bytes, tuple[float, ...] | None, str]


def upsert(product: int, version: int = 0, *, size: int = 40, dimension: int = DIMENSION) -> NewChange:
    """Another version has another record and another vector."""
    vector = np.random.default_rng((product, version)).standard_normal(dimension).astype(np.float32)
    record = f'{{"id":"p{product}","title":"{version}"'.encode().ljust(size, b" ") + b"}"
    return NewChange(f"p{product}", record, vector / np.linalg.norm(vector), ENCODER)


def deletion(product: int) -> NewChange:
    return NewChange.deletion(f"p{product}")


def request(*changes: NewChange, request_id: str = "", outcome: bytes = b"") -> LoggedRequest:
    return LoggedRequest(request_id, outcome, changes)


def content(change: NewChange | Change) -> Content:
    vector = None if change.vector is None else tuple(change.vector.tolist())
    return change.product_id, change.record, vector, change.encoder
