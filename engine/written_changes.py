"""A change of a product as the log is given it, and as it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.types import FloatArray, Product


@dataclass(frozen=True, slots=True, eq=False)
class WrittenChange:
    """`product` is None of a deletion; `vector`, float32 (d,) of length 1 by the encoder of that fingerprint,
    is None where the generation has the embedding of this text itself.
    """

    sequence: int
    product_id: str
    product: Product | None
    vector: FloatArray | None
    encoder: str


@dataclass(frozen=True, slots=True, eq=False)
class WrittenRequest:
    """`outcome` is what a repetition is answered with."""

    request_id: str
    outcome: bytes
    changes: Sequence[WrittenChange]
