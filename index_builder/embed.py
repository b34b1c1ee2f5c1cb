"""Embeds a catalogue, remembering every embedding: a run that was interrupted goes on where it stopped, and
a text that an earlier build embedded with the same encoder is not embedded again.

    CACHE/<encoder id>/<products or queries>/<name>.npz

Each file is one finished chunk, written atomically: `keys`, half of each text's SHA-256 in hexadecimal, and
`vectors`, float32 (n, dimension). Its name is the hash of its keys. Delete the cache whenever you like.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigError
from engine.files import write_atomically
from engine.types import FloatArray, RowArray

CHUNK_TEXTS = 1024
"""One or two seconds of work, which is what a kill may cost."""

Advance = Callable[[int, int], None]
KeyArray = NDArray[np.bytes_]


class Encoder(Protocol):
    """The same `id` gives the same embedding for the same text."""

    @property
    def id(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode_queries(self, texts: Sequence[str]) -> FloatArray: ...

    def encode_products(self, texts: Sequence[str]) -> FloatArray: ...


class Texts(Protocol):
    """A list of texts, or what makes each of them when it is asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, row: int, /) -> str: ...


def embed_products(
    texts: Texts,
    encoder: Encoder,
    *,
    cache: Path,
    progress: Advance = lambda _done, _total: None,
    scratch: Path | None = None,
) -> FloatArray:
    """Unit vectors, float32 (len(texts), dimension), row i of `texts[i]`. `progress` is told (done, total)
    distinct texts, those in the cache first. One process at a time may write a cache.

    With `scratch`, a folder, they lie in a file there without a name, mapped into memory: the system may take
    their pages back, and the file goes with the array. Raises ConfigError when the disk is too full for it.
    """
    store = _Cache(cache / encoder.id / "products", encoder.dimension)
    vectors = _array(len(texts), encoder.dimension, scratch)
    return _embed(texts, encoder.encode_products, store, vectors, progress)


def embed_queries(
    texts: Sequence[str], encoder: Encoder, *, cache: Path, progress: Advance = lambda _done, _total: None
) -> FloatArray:
    """As `embed_products`, with the query side of the encoder."""
    store = _Cache(cache / encoder.id / "queries", encoder.dimension)
    vectors = _array(len(texts), encoder.dimension, None)
    return _embed(texts, encoder.encode_queries, store, vectors, progress)


def _array(count: int, dimension: int, scratch: Path | None) -> FloatArray:
    if scratch is None or not count:
        return np.empty((count, dimension), np.float32)
    with TemporaryFile(dir=scratch) as file:
        try:
            # Without it a full disk would show only when a page is written, and kill the process.
            os.posix_fallocate(file.fileno(), 0, count * dimension * 4)
        except OSError as error:
            raise ConfigError(
                f"There is no room for {count:,} embeddings ({count * dimension * 4 / 2**20:,.0f} MiB) in "
                f"{scratch}: {error.strerror}."
            ) from error
        return np.memmap(file, np.float32, "r+", shape=(count, dimension))


def _embed(
    texts: Texts,
    encode: Callable[[Sequence[str]], FloatArray],
    store: _Cache,
    vectors: FloatArray,
    progress: Advance,
) -> FloatArray:
    """Fill `vectors` (len(texts), dimension). A text that stands there several times is embedded once."""
    keys, first, place = np.unique(_keys(texts), return_index=True, return_inverse=True)
    known = store.fill(keys, first, vectors)
    done = int(known.sum())
    progress(done, len(keys))
    # In the order of the input, so that the same catalogue is always cut into the same chunks.
    missing = np.flatnonzero(~known)
    missing = missing[np.argsort(first[missing])]
    for start in range(0, len(missing), CHUNK_TEXTS):
        chunk = missing[start : start + CHUNK_TEXTS]
        vectors[first[chunk]] = encode([texts[row] for row in first[chunk]])
        store.add(keys[chunk], vectors[first[chunk]])
        done += len(chunk)
        progress(done, len(keys))
    again = np.flatnonzero(first[place] != np.arange(len(texts)))
    for rows in np.array_split(again, len(again) // CHUNK_TEXTS + 1):
        vectors[rows] = vectors[first[place[rows]]]
    return vectors


def _keys(texts: Texts) -> KeyArray:
    """Hexadecimal, since numpy drops zero bytes at the end of a bytes value."""
    return np.array(
        [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in texts], "S32"
    )


@dataclass(frozen=True, slots=True)
class _Cache:
    folder: Path
    dimension: int

    def fill(self, keys: KeyArray, rows_of: RowArray, vectors: FloatArray) -> NDArray[np.bool_]:
        """Copy the vectors of known keys, which ascend, to their rows; gives a flag for each key."""
        known = np.zeros(len(keys), np.bool_)
        for stored, rows in self._chunks():
            place = np.searchsorted(keys, stored)
            place[place == len(keys)] = 0
            hit: RowArray = np.flatnonzero(keys[place] == stored) if len(keys) else np.empty(0, np.int64)
            vectors[rows_of[place[hit]]] = rows[hit]
            known[place[hit]] = True
        return known

    def add(self, keys: KeyArray, vectors: FloatArray) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, keys=keys, vectors=vectors)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(keys.tobytes()).hexdigest()[:32]
        write_atomically(self.folder / f"{name}.npz", buffer.getvalue())

    def _chunks(self) -> Iterator[tuple[KeyArray, FloatArray]]:
        """A chunk that cannot be read is removed: what it held is embedded again."""
        for path in sorted(self.folder.glob("*.npz")):
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as chunk:
                    keys, vectors = chunk["keys"], chunk["vectors"]
            except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)
                continue
            if keys.dtype == "S32" and vectors.shape == (len(keys), self.dimension):
                yield keys, vectors
