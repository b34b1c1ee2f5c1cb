"""Files written so that a crash at any moment leaves the old content or the new, never a half."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replace a file by one rename, after its bytes are on disk; a reader sees the old or the new one.

    `mode` are its permissions, from before the first byte is in it; without one the umask decides.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        if mode is not None:
            temporary.chmod(mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable (POSIX)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder with its POSIX name inside it, sorted by name."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file():
            yield name, path


@contextmanager
def held(path: Path, *, alone: bool = False) -> Iterator[bool]:
    """Hold a file that is there, together with others or `alone`, without waiting; whether that could be. It
    is let go with the process, however that ends. Where the file system has no locks, everybody can.
    """
    with path.open("rb") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass
        yield True
