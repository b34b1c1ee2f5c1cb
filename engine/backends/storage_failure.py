"""What SQLite and the operating system say of a disk, as one sentence for the operator."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import DamagedChangeLogError, EngineError, LockHeldError, StorageError, StorageFullError

_PRIMARY = 0xFF
"""The bits of an extended result code of SQLite that hold the primary one."""
_NO_SPACE = "found no space on the disk; make some and try again"
_NO_HANDLE = "cannot be opened, because this process or machine has no file handle left; allow it more"
_READ_ONLY = "is on a disk, or has permissions, that let it only be read"
_FULL = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EFBIG: _NO_SPACE,
    errno.EMFILE: _NO_HANDLE,
    errno.ENFILE: _NO_HANDLE,
}
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NOT_FLUSHED = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)


@contextmanager
def storage_failures(path: Path) -> Iterator[None]:
    """Errors of SQLite and the system become EngineErrors that name this file; bugs stay what they are."""
    try:
        yield
    except sqlite3.Error as error:
        known = of_sqlite(path, error)
        if known is None:
            raise
        raise known from error
    except OSError as error:
        raise of_system(Path(error.filename or path), error) from error


def of_sqlite(path: Path, error: sqlite3.Error) -> EngineError | None:
    """None when it says nothing of the disk: then it is a bug."""
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # the module's own errors have none
    code = extended & _PRIMARY
    if code in _DAMAGED:
        return DamagedChangeLogError(path, f"is damaged ({error})")
    if code == sqlite3.SQLITE_FULL:
        return StorageFullError(path, _NO_SPACE)
    if code == sqlite3.SQLITE_READONLY:
        return StorageError(path, _READ_ONLY)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockHeldError(path)
    if extended in _NOT_FLUSHED:
        return StorageError(path, "was not flushed by the disk, so that nothing was acknowledged")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return _cause(path) or StorageError(path, f"cannot be read or written ({error})")
    return None


def of_system(path: Path, error: OSError) -> EngineError:
    if error.errno in _FULL:
        return StorageFullError(path, _FULL[error.errno])
    if error.errno in _NOT_WRITABLE:
        return StorageError(path, _READ_ONLY)
    return StorageError(path, f"cannot be read or written ({error.strerror or error})")


def starved(path: Path) -> EngineError | None:
    """Why a file that looked damaged just now may be whole: the system opens none. None where it does."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return of_system(path, error) if error.errno in _FULL else None
    return None


def _cause(path: Path) -> EngineError | None:
    """Why SQLite could not open or write: it keeps the system's reason to itself, so that is asked again."""
    try:
        os.close(os.open(path, os.O_RDWR))
        space = os.statvfs(path)
    except OSError as error:
        return of_system(path, error)
    return StorageFullError(path, _NO_SPACE) if space.f_bavail == 0 else None
