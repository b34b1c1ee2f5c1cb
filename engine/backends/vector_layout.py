"""What a folder of vectors holds: `index.faiss`, and `index.json` that says how to search it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import ceil
from pathlib import Path

from engine.errors import DamagedGenerationError, DimensionMismatchError, EncoderMismatchError

INDEX_FILE = "index.faiss"
LAYOUT_FILE = "index.json"
_SHALLOW, _DEEP = 10, 100


class IndexKind(StrEnum):
    """How rows are found. The value is stored."""

    FLAT = "flat"
    """Every row is compared: exact."""
    HNSW = "hnsw"
    """A walk over a proximity graph (Malkov and Yashunin, 2018)."""
    IVF = "ivf"
    """The cells nearest to the query are compared (Jégou et al., 2011)."""


class VectorStorage(StrEnum):
    """How a vector's numbers are stored, by FAISS's own names."""

    INT8 = "SQ8"
    FLOAT16 = "SQfp16"
    FLOAT32 = "Flat"
    INT4 = "SQ4"

    @property
    def bits(self) -> int:
        """Of one number."""
        return {"SQ8": 8, "SQfp16": 16, "Flat": 32, "SQ4": 4}[self.value]


@dataclass(frozen=True, slots=True)
class VectorLayout:
    """`effort` is efSearch of HNSW, nprobe of IVF, 0 for flat: the least that reached the recall aimed at in
    searches for a hundred, and `effort_at_10` in searches for ten.

    `recall_at_10` is the share of the ten nearest (float32, exact) that searches for ten with their effort
    found; `recall_at_100` the same for a hundred. `encoder` is the fingerprint of the encoder that made
    the vectors (`ModelSpec.fingerprint`), empty where an earlier version did not say.
    """

    kind: IndexKind
    storage: VectorStorage
    dimension: int
    count: int
    effort: int
    recall_at_10: float
    recall_at_100: float
    encoder: str = ""
    effort_at_10: int = 0

    def check_encoder(self, dimension: int, fingerprint: str) -> None:
        """Refuse to compare vectors of two encoders: DimensionMismatchError, EncoderMismatchError."""
        if dimension != self.dimension:
            raise DimensionMismatchError(encoder_dim=dimension, index_dim=self.dimension)
        if self.encoder not in ("", fingerprint):
            raise EncoderMismatchError(encoder=fingerprint, index_encoder=self.encoder)

    def effort_for(self, depth: int) -> int:
        """The effort for `depth` results: between those for ten and for a hundred, and growing beyond."""
        if depth >= _DEEP:
            return self.effort * depth // _DEEP
        share = max(depth - _SHALLOW, 0) / (_DEEP - _SHALLOW)
        return self.effort_at_10 + ceil(share * (self.effort - self.effort_at_10))

    def save(self, folder: Path) -> None:
        (folder / LAYOUT_FILE).write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")

    @classmethod
    def load(cls, folder: Path) -> VectorLayout:
        """Raises DamagedGenerationError when the file is missing or says something impossible."""
        path = folder / LAYOUT_FILE
        try:
            stored = json.loads(path.read_text())
            layout = cls(
                kind=IndexKind(stored["kind"]),
                storage=VectorStorage(stored["storage"]),
                dimension=int(stored["dimension"]),
                count=int(stored["count"]),
                effort=int(stored["effort"]),
                recall_at_10=float(stored["recall_at_10"]),
                recall_at_100=float(stored["recall_at_100"]),
                encoder=str(stored.get("encoder", "")),
                # Earlier versions had one effort for both.
                effort_at_10=int(stored.get("effort_at_10", stored["effort"])),
            )
        except FileNotFoundError as missing:
            raise DamagedGenerationError(path, "is missing") from missing
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise DamagedGenerationError(path, f"cannot be read as a vector layout ({problem})") from problem
        if layout.dimension < 1 or layout.count < 0 or not 0 <= layout.effort_at_10 <= layout.effort:
            raise DamagedGenerationError(path, "holds sizes or efforts that no index has")
        return layout
