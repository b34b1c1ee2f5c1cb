"""An encoder that costs nothing and can be told apart from itself in another process. Run as a program, it
embeds texts until it is killed: see test_embed.py.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.types import FloatArray
from index_builder.embed import embed_products


class HashingEncoder:
    """A text's vector follows from its SHA-256. Writes a line to `log` for every text that it embeds."""

    def __init__(self, log: Path, *, name: str = "hash", dimension: int = 8) -> None:
        self.id = name
        self.dimension = dimension
        self.device = "cpu"
        self._log = log

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return -self.encode_products(texts)

    def encode_products(self, texts: Sequence[str]) -> FloatArray:
        with self._log.open("a", encoding="utf-8") as log:
            log.writelines(f"{text}\n" for text in texts)
            log.flush()
            os.fsync(log.fileno())
        rows = [
            np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)[: self.dimension]
            for text in texts
        ]
        vectors = np.array(rows, np.float32).reshape(-1, self.dimension) + 1
        unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    @property
    def seen(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []


def many_texts(count: int) -> list[str]:
    return [f"product {number}" for number in range(count)]


if __name__ == "__main__":
    folder, count = Path(sys.argv[1]), int(sys.argv[2])

    def told(done: int, _total: int) -> None:
        """The test reads how far this came, and kills it there: the process waits to be."""
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
        sys.stdin.readline()

    embed_products(many_texts(count), HashingEncoder(folder / "log"), cache=folder / "cache", progress=told)
