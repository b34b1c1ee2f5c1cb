"""A backup as one file: an uncompressed tar, whose last member is the manifest."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Self

from engine.backends.change_log import ChangeReader
from engine.backends.event_reader import EventReader
from engine.backends.storage_failure import storage_failures
from engine.backup.copying import read_generation
from engine.backup.destination import EVENTS, EventsCopy, LogCopy
from engine.backup.manifest import BACKUP, GENERATIONS, BackupManifest
from engine.errors import ConfigError, DamagedBackupError
from engine.files import fsync_folder
from engine.generation import LIVE, FileRecord, Generation

_MODE = 0o644


class TarDestination(AbstractContextManager["TarDestination"]):
    """A new file, which is whole from the moment when it has its name. ConfigError when there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def __enter__(self) -> Self:
        with storage_failures(self._path):
            if self._path.exists():
                raise ConfigError(f"{self._path} exists already. Give the backup a name of its own.")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._unfinished.open("wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of a full disk, which has been told
            self._file.close()
        self._unfinished.unlink(missing_ok=True)

    def add_log(self, log: ChangeReader) -> LogCopy:
        with self._scratch(LIVE) as folder:
            extent = log.back_up(folder)
            return LogCopy(LIVE, extent, self._put_all(folder, LIVE))

    def add_events(self, events: EventReader) -> EventsCopy:
        with self._scratch(EVENTS) as folder:
            events.back_up(folder)
            return EventsCopy(EVENTS, events.sequence, self._put_all(folder, EVENTS))

    def add_generation(self, generation: Generation) -> Mapping[str, FileRecord]:
        prefix = f"{GENERATIONS}/{generation.folder.name}"
        files = read_generation(generation, lambda name, file: self._put(f"{prefix}/{name}", file))
        return {f"{prefix}/{name}": record for name, record in files.items()}

    def finish(self, manifest: BackupManifest) -> None:
        content = manifest.to_bytes()
        self._put(BACKUP, BytesIO(content), len(content))
        with storage_failures(self._path):
            self._tar.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._unfinished.rename(self._path)
            fsync_folder(self._path.parent)

    @contextmanager
    def _scratch(self, kind: str) -> Iterator[Path]:
        """The name of a folder that is removed at the end."""
        folder = self._path.with_name(f".{self._path.name}.{os.getpid()}.{kind}")
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _put_all(self, folder: Path, prefix: str) -> Mapping[str, FileRecord]:
        files = {}
        for path in sorted(folder.iterdir()):
            with path.open("rb") as file:
                files[f"{prefix}/{path.name}"] = self._put(f"{prefix}/{path.name}", file)
        return files

    def _put(self, name: str, file: IO[bytes], size: int | None = None) -> FileRecord:
        member = tarfile.TarInfo(name)
        member.size = os.fstat(file.fileno()).st_size if size is None else size
        member.mode = _MODE
        reading = _Summed(file)
        with storage_failures(self._path):
            self._tar.addfile(member, reading)
        return FileRecord(member.size, reading.sum.hexdigest())


class _Summed:
    """A file whose SHA-256 is taken as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = sha256()

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._file.read(size)
        self.sum.update(chunk)
        return chunk


class TarSource(AbstractContextManager["TarSource"]):
    """DamagedBackupError when it is cut off or no tar. Members are read one at a time; links are none."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with ExitStack() as stack, storage_failures(root), self._damage():
            self._tar = stack.enter_context(tarfile.open(root, "r:"))
            self._members = {member.name: member for member in self._tar if member.isreg()}
            if BACKUP not in self._members:
                raise DamagedBackupError(root, f"has no {BACKUP} at its end: it was cut off, or is no backup")
            with self.open(BACKUP) as file:
                self.manifest = BackupManifest.from_bytes(file.read(), root / BACKUP)
            stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        with storage_failures(self.root), self._damage():
            file = self._tar.extractfile(self._members[name]) if name in self._members else None
            if file is None:
                raise DamagedBackupError(self.root / name, "is missing")
            with file:
                yield file

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise DamagedBackupError(self.root, f"is no tar file, or is cut off ({error})") from error
