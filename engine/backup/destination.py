"""Where a backup is put: a folder, or a file (`tar_file`)."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Protocol, Self

from engine.backends.change_log import ChangeReader, take_lock
from engine.backends.change_mark import Extent
from engine.backends.event_reader import EventReader
from engine.backends.storage_failure import storage_failures
from engine.backup.copying import fsync_folders, read_generation, record_of, write_durably
from engine.backup.manifest import BACKUP, GENERATIONS, BackupManifest
from engine.errors import ConfigError, DamagedBackupError, DamagedGenerationError
from engine.files import fsync_folder, write_atomically
from engine.generation import LIVE, MANIFEST, FileRecord, Generation

LOCK = ".backup.lock"
EVENTS = "events"


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A change log in a backup: its folder's name, empty where there is no log, and one moment of the log."""

    folder: str = ""
    extent: Extent = field(default_factory=Extent)
    files: Mapping[str, FileRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventsCopy:
    """Events in a backup: their folder's name, empty where there are none, and up to which they are."""

    folder: str = ""
    sequence: int = 0
    files: Mapping[str, FileRecord] = field(default_factory=dict)


class Destination(Protocol):
    """Records of files are by their names in the backup. Nothing counts before `finish`."""

    def add_log(self, log: ChangeReader) -> LogCopy: ...

    def add_events(self, events: EventReader) -> EventsCopy: ...

    def add_generation(self, generation: Generation) -> Mapping[str, FileRecord]: ...

    def finish(self, manifest: BackupManifest) -> None:
        """Durable when this returns."""
        ...


class FolderDestination(AbstractContextManager["FolderDestination"]):
    """A folder with one backup, the latest. Another is written beside it, but for generations that are there
    already, and takes its place by one rename: that of its manifest. As a context it is held against other
    processes, and at the end keeps only what its manifest names.

    ConfigError for a folder that holds something else; LockHeldError.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Self:
        with storage_failures(self._root):
            _refuse_other_content(self._root)
            self._root.mkdir(parents=True, exist_ok=True)
        self._lock = take_lock(self._root / LOCK)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._remove_unnamed()
        finally:
            self._lock.release()

    def add_log(self, log: ChangeReader) -> LogCopy:
        name = f"{LIVE}-{secrets.token_hex(4)}"
        folder = self._root / name
        extent = log.back_up(folder)
        with storage_failures(folder):
            return LogCopy(name, extent, _records_in(folder))

    def add_events(self, events: EventReader) -> EventsCopy:
        folder = self._root / f"{EVENTS}-{secrets.token_hex(4)}"
        events.back_up(folder)
        with storage_failures(folder):
            return EventsCopy(folder.name, events.sequence, _records_in(folder))

    def add_generation(self, generation: Generation) -> Mapping[str, FileRecord]:
        name = generation.folder.name
        folder = self._root / GENERATIONS / name
        with storage_failures(folder):
            files = _same_copy(generation, folder) or _copy(generation, folder)
        return {f"{GENERATIONS}/{name}/{file}": record for file, record in files.items()}

    def finish(self, manifest: BackupManifest) -> None:
        with storage_failures(self._root):
            write_atomically(self._root / BACKUP, manifest.to_bytes())
            fsync_folder(self._root.parent)

    def _remove_unnamed(self) -> None:
        """What backups write and the manifest does not name: the one before, or one that was not finished."""
        path = self._root / BACKUP
        try:
            kept = BackupManifest.from_bytes(path.read_bytes(), path) if path.exists() else None
        except (DamagedBackupError, OSError):
            return  # until a backup has succeeded, nothing tells what is of use
        generations = kept.generations if kept else frozenset[str]()
        named = {kept.live, kept.events} if kept else set[str]()
        for folder in (self._root / GENERATIONS).glob("*"):
            if folder.name not in generations:
                shutil.rmtree(folder, ignore_errors=True)
        for pattern in (f"{LIVE}-*", f".{LIVE}-*", f"{EVENTS}-*"):
            for folder in self._root.glob(pattern):
                if folder.name not in named:
                    shutil.rmtree(folder, ignore_errors=True)
        for unfinished in self._root.glob(f".{BACKUP}.*.tmp"):
            unfinished.unlink(missing_ok=True)


def _records_in(folder: Path) -> Mapping[str, FileRecord]:
    return {f"{folder.name}/{path.name}": record_of(path) for path in sorted(folder.iterdir())}


def _refuse_other_content(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir():
        raise ConfigError(f"{root} is a file. A backup goes into a folder, or a new file that ends in .tar.")
    names = {path.name for path in root.iterdir()}
    if names and not names & {BACKUP, LOCK}:
        raise ConfigError(f"{root} holds something else than a backup. Name a folder that is new or empty.")


def _same_copy(generation: Generation, folder: Path) -> Mapping[str, FileRecord] | None:
    """What an earlier backup has of it; None unless all of that is whole and the same."""
    try:
        there = Generation.open(folder, verify=True)
    except DamagedGenerationError:
        return None
    manifest = record_of(folder / MANIFEST)
    if manifest != record_of(generation.folder / MANIFEST):
        return None
    return {**there.manifest.files, MANIFEST: manifest}


def _copy(generation: Generation, folder: Path) -> Mapping[str, FileRecord]:
    """By one rename, after all of it is on the disk."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    files = read_generation(generation, partial(_put, unfinished))
    fsync_folders(unfinished)
    shutil.rmtree(folder, ignore_errors=True)  # a damaged copy of it
    unfinished.rename(folder)
    fsync_folder(folder.parent)
    return files


def _put(folder: Path, name: str, file: IO[bytes]) -> FileRecord:
    return write_durably(file, folder / name)
