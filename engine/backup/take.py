"""A backup of a data folder that goes on being served and written to.

The pointer is read first, then the change log and the events of shoppers are copied, then the generations.
So the log holds every change that was acknowledged before the backup began, and all that the active
generation was not built with, unless another generation was activated in between and the log compacted up to
it: then all begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import engine
from engine.backends.change_log import ChangeReader
from engine.backends.change_log_schema import holds_log
from engine.backends.event_reader import EventReader
from engine.backends.event_schema import holds_events
from engine.backup.destination import Destination, EventsCopy, FolderDestination, LogCopy
from engine.backup.manifest import BackupManifest
from engine.backup.tar_file import TarDestination
from engine.errors import ConfigError, EngineError, FailedPreconditionError
from engine.generation import MANIFEST, DataFolder, Generation, Pointer

ATTEMPTS = 5
_TAR = ".tar"
_COMPRESSED = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".zip")

OpenDestination: TypeAlias = Callable[[], AbstractContextManager[Destination]]


@dataclass(frozen=True, slots=True)
class _State:
    """What decides of which generations a backup is."""

    pointer: Pointer
    there: frozenset[str]

    @classmethod
    def of(cls, data: DataFolder) -> _State:
        pointer = data.pointer()
        if pointer is None:
            raise ConfigError(f"No generation is active in {data.root}, so that there is nothing to back up.")
        return cls(pointer, frozenset(path.parent.name for path in _manifests(data)))


def destination_at(path: Path) -> AbstractContextManager[Destination]:
    """A file where the name ends in .tar, else a folder."""
    if path.suffix in _COMPRESSED and not path.is_dir():
        raise ConfigError(
            f"{path}: backups are not compressed; name a folder, or a file that ends in {_TAR}."
        )
    return TarDestination(path) if path.suffix == _TAR and not path.is_dir() else FolderDestination(path)


def back_up(data: DataFolder, open_destination: OpenDestination, *, every: bool = False) -> BackupManifest:
    """Of the active generation, or of every one that is kept, with the change log and the events of
    shoppers. What was written.

    DamagedGenerationError and DamagedChangeLogError name what is damaged; FailedPreconditionError where
    builds overtake it again and again; StorageFullError, StorageError. An earlier backup stays as
    it was unless all went well, but for a generation of it that is damaged, or another build of the same id.
    """
    for _ in range(ATTEMPTS):
        before = _State.of(data)
        try:
            with open_destination() as destination:
                return _take(data, before, destination, every=every)
        except EngineError:  # maybe because something was activated, pruned or compacted meanwhile
            if _State.of(data) == before:
                raise
    raise FailedPreconditionError(
        f"Generations of {data.root} came and went {ATTEMPTS} times while they were backed up. Back up again "
        "when no build is under way."
    )


def _take(data: DataFolder, state: _State, destination: Destination, *, every: bool) -> BackupManifest:
    created, pointer = datetime.now(UTC), state.pointer
    active = data.open_generation(pointer.active, verify=False)
    log = _add_log(data, destination)
    _refuse_gap(active, log)
    events = _add_events(data, destination)
    files = {**log.files, **events.files}
    others = sorted(state.there - {pointer.active}) if every else []
    for generation in (active, *(data.open_generation(name, verify=False) for name in others)):
        with generation.in_use():
            files |= destination.add_generation(generation)
    manifest = BackupManifest(
        created=created,
        engine_version=engine.__version__,
        active=pointer.active,
        previous=tuple(name for name in pointer.previous if name in {pointer.active, *others}),
        live=log.folder,
        sequence=log.extent.sequence,
        files=files,
        events=events.folder,
        event_sequence=events.sequence,
    )
    destination.finish(manifest)
    return manifest


def _add_log(data: DataFolder, destination: Destination) -> LogCopy:
    if not holds_log(data.live_folder):
        return LogCopy()
    with closing(ChangeReader.open_to_read(data.live_folder)) as log:
        return destination.add_log(log)


def _add_events(data: DataFolder, destination: Destination) -> EventsCopy:
    if not holds_events(data.live_folder):
        return EventsCopy()
    with closing(EventReader.open_to_read(data.live_folder)) as events:
        return destination.add_events(events)


def _refuse_gap(active: Generation, log: LogCopy) -> None:
    """Between what the generation was built with and what the log still holds."""
    folded = active.manifest.folded.sequence
    if log.extent.compacted > folded:
        raise FailedPreconditionError(
            f"The change log has forgotten changes up to {log.extent.compacted}, but the active generation "
            f"{active.id} holds them only up to {folded}. Activate the one that they were folded into."
        )


def _manifests(data: DataFolder) -> Iterator[Path]:
    return data.generations_folder.glob(f"*/{MANIFEST}")
