"""A finished backup that is read: a folder, or a file (`tar_file`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from engine.backends.storage_failure import storage_failures
from engine.backup.copying import take_sum, write_durably
from engine.backup.manifest import BACKUP, BackupManifest
from engine.backup.tar_file import TarSource
from engine.errors import ConfigError, DamagedBackupError


class Source(Protocol):
    """`root` is what errors name."""

    @property
    def root(self) -> Path: ...

    @property
    def manifest(self) -> BackupManifest: ...

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """DamagedBackupError when it is missing."""
        ...


class FolderSource:
    def __init__(self, root: Path) -> None:
        self.root = root
        with self.open(BACKUP) as file:
            self.manifest = BackupManifest.from_bytes(file.read(), root / BACKUP)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        path = self.root / name
        with storage_failures(path):
            try:
                file = path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise DamagedBackupError(path, "is missing") from None
            with file:
                yield file


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """ConfigError where there is nothing; DamagedBackupError where it is no backup, or not a finished one."""
    if path.is_dir():
        yield FolderSource(path)
    elif path.is_file():
        with TarSource(path) as source:
            yield source
    else:
        raise ConfigError(f"There is no backup at {path}. Name its folder, or its .tar file.")


def read_checked(source: Source, name: str, target: Path | None = None) -> None:
    """Read a file of a backup, into the new file `target` where one is named.

    DamagedBackupError unless it is what the manifest says.
    """
    expected = source.manifest.files[name]
    with source.open(name) as file:
        found = take_sum(file) if target is None else write_durably(file, target)
    if found.size != expected.size:
        raise DamagedBackupError(source.root / name, f"has {found.size} bytes instead of {expected.size}")
    if found != expected:
        raise DamagedBackupError(source.root / name, f"does not match its SHA-256 in {BACKUP}")
