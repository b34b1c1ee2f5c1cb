"""Lines of N-Quads into a store, as fast as it takes them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyoxigraph
from pyoxigraph import Quad, RdfFormat


def load_lines(lines: Sequence[str], folder: Path, further: Sequence[Quad] = ()) -> None:
    """A new store with the lines and a few statements more, packed into as few files as it can be."""
    store = pyoxigraph.Store(folder)
    store.bulk_load(io.BufferedReader(_Stream(lines), 1 << 20), RdfFormat.N_QUADS, lenient=True)
    store.extend(further)
    store.optimize()
    store.flush()


class _Stream(io.RawIOBase):
    """The lines as a file, a chunk at a time: a million statements are not joined into one text."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # bytes-like
        while len(self._left) < len(buffer):
            line = next(self._lines, None)
            if line is None:
                break
            self._left += line.encode() + b"\n"
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def parsed(lines: Sequence[str]) -> Iterator[Quad]:
    for quad in pyoxigraph.parse("\n".join(lines).encode(), RdfFormat.N_QUADS, lenient=True):
        assert isinstance(quad, Quad)  # noqa: S101 - what N-Quads are parsed to
        yield quad
