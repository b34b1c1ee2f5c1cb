"""Whether what is on the disk is what was written: all of a data folder, or all of a backup, is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.backends.change_log import ChangeReader
from engine.backends.change_log_schema import holds_log
from engine.backends.event_reader import EventReader
from engine.backends.event_schema import holds_events
from engine.backends.storage_failure import storage_failures
from engine.backup.copying import record_of
from engine.backup.source import Source, read_checked
from engine.errors import ConfigError, DamagedGenerationError, EngineError
from engine.generation import MANIFEST, POINTER, DataFolder, FileRecord, Manifest


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems` are sentences, each of which begins with the damaged file; without any, `evidence` says what
    was read.
    """

    subject: str
    problems: tuple[str, ...] = ()
    evidence: str = ""


def check_data(root: Path) -> Iterator[Verdict]:
    """One verdict of the pointer, of each generation, of the change log and of the events of shoppers.

    A server may go on serving and taking changes meanwhile. ConfigError where there is no data folder.
    """
    data = DataFolder(root)
    if not (root / POINTER).exists() and not data.generations_folder.is_dir():
        raise ConfigError(f"There is no data folder at {root}. Name one that index_builder build has made.")
    yield _verdict("pointer", partial(_pointer, data))
    needed = _needed(data)
    folders = data.generations_folder.iterdir() if data.generations_folder.is_dir() else ()
    for folder in sorted(folders):
        if not folder.name.startswith("."):
            yield _generation(folder, needed=folder.name in needed)
    yield _verdict("change log", partial(_change_log, data.live_folder))
    yield _verdict("events", partial(_events, data.live_folder))


def check_backup(source: Source) -> Iterator[Verdict]:
    """One verdict of all its files."""
    manifest = source.manifest
    problems = []
    for name in manifest.files:
        try:
            read_checked(source, name)
        except EngineError as error:
            problems.append(error.message)
    evidence = (
        f"{len(manifest.files)} files match their SHA-256: generation {manifest.active}, live changes up to "
        f"{manifest.sequence}, of {manifest.created:%Y-%m-%d %H:%M:%S} UTC"
    )
    yield Verdict("backup", tuple(problems), evidence)


def _verdict(subject: str, probe: Callable[[], str]) -> Verdict:
    try:
        return Verdict(subject, evidence=probe())
    except EngineError as error:
        return Verdict(subject, (error.message,))


def _pointer(data: DataFolder) -> str:
    pointer, path = data.pointer(), data.root / POINTER
    if pointer is None:
        raise DamagedGenerationError(path, "is missing")
    if not (data.generations_folder / pointer.active / MANIFEST).exists():
        raise DamagedGenerationError(path, f"points at {pointer.active}, which is not there")
    return f"{pointer.active} is active"


def _change_log(folder: Path) -> str:
    if not holds_log(folder):
        return "no product was ever changed"
    with closing(ChangeReader.open_to_read(folder)) as log:
        log.check()
        return f"live changes up to {log.last_sequence} are whole"


def _events(folder: Path) -> str:
    if not holds_events(folder):
        return "none was ever recorded"
    with closing(EventReader.open_to_read(folder)) as events:
        return f"{events.check()} events of shoppers are whole"


def _needed(data: DataFolder) -> tuple[str, ...]:
    """The active generation, and the one that it would be rolled back to."""
    try:
        pointer = data.pointer()
    except DamagedGenerationError:
        return ()
    return (pointer.active, *pointer.previous[-1:]) if pointer else ()


def _generation(folder: Path, *, needed: bool) -> Verdict:
    subject = f"generation {folder.name}"
    if not needed and not (folder / MANIFEST).exists():
        return Verdict(subject, evidence="has no manifest, so that it is none: its removal was not finished")
    try:
        files = Manifest.read(folder / MANIFEST).files
    except EngineError as error:
        return Verdict(subject, (error.message,))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(lambda name: _problem(folder / name, files[name]), files)
        return Verdict(subject, tuple(filter(None, found)), _size(files))


def _problem(path: Path, expected: FileRecord) -> str:
    """Empty when the file is what the manifest says."""
    if not path.is_file():
        return DamagedGenerationError(path, "is missing").message
    try:
        with storage_failures(path):
            found = record_of(path)
    except EngineError as error:
        return error.message
    if found.size != expected.size:
        problem = f"has {found.size} bytes instead of {expected.size}"
        return DamagedGenerationError(path, problem).message
    if found != expected:
        return DamagedGenerationError(path, "does not match its SHA-256 in the manifest").message
    return ""


def _size(files: Mapping[str, FileRecord]) -> str:
    size = sum(record.size for record in files.values())
    return f"{len(files)} files match their SHA-256, {size / 1e6:.1f} MB"
