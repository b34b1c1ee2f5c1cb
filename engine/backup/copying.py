"""Files that are read once: their SHA-256 is taken of the bytes that are copied."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import IO, TypeAlias

from engine.backends.storage_failure import storage_failures
from engine.backup.manifest import is_inside
from engine.errors import DamagedGenerationError
from engine.files import fsync_folder, sha256_of
from engine.generation import MANIFEST, FileRecord, Generation

_CHUNK_BYTES = 2**20

Put: TypeAlias = Callable[[str, IO[bytes]], FileRecord]
"""Takes the bytes of a file under a name, and says what it took."""


def take_sum(source: IO[bytes], target: IO[bytes] | None = None) -> FileRecord:
    """Of the rest of a stream, which goes into `target` as well."""
    digest, size = sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return FileRecord(size, digest.hexdigest())


def record_of(path: Path) -> FileRecord:
    return FileRecord(path.stat().st_size, sha256_of(path))


def write_durably(source: IO[bytes], path: Path) -> FileRecord:
    """A new file, whose bytes are on the disk when this returns. StorageFullError, StorageError."""
    with storage_failures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            record = take_sum(source, file)
            file.flush()
            os.fsync(file.fileno())
    return record


def fsync_folders(root: Path) -> None:
    """Make all names at and below a folder durable."""
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        fsync_folder(folder)


def read_generation(generation: Generation, put: Put) -> dict[str, FileRecord]:
    """Hand over every file; what they are. DamagedGenerationError names the first that is not what the
    generation's manifest says.
    """
    found = {}
    for name, expected in generation.manifest.files.items():
        path = generation.folder / name
        if not is_inside(name):
            raise DamagedGenerationError(generation.folder / MANIFEST, f"names {name!r}, which is outside")
        found[name] = _read(path, name, put)
        if found[name] != expected:
            raise DamagedGenerationError(path, "does not match its SHA-256 in the manifest")
    found[MANIFEST] = _read(generation.folder / MANIFEST, MANIFEST, put)
    return found


def _read(path: Path, name: str, put: Put) -> FileRecord:
    with storage_failures(path):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise DamagedGenerationError(path, "is missing") from None
        with file:
            return put(name, file)
