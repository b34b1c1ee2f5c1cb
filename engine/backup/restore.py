"""A backup becomes a data folder: all of it is copied and verified beside the place, then renamed into it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.backends.change_backup import adopt_copy
from engine.backends.change_log import LOCK, take_lock
from engine.backends.storage_failure import storage_failures
from engine.backup.copying import fsync_folders
from engine.backup.forgotten import carry_over
from engine.backup.manifest import BackupManifest
from engine.backup.source import Source, read_checked
from engine.errors import ConfigError, DamagedBackupError
from engine.files import fsync_folder
from engine.generation import LIVE, DataFolder


@dataclass(frozen=True, slots=True)
class Restored:
    """`replaced` is where the folder is now that was there before, if any; `doubt` a sentence where it could
    not be asked which shoppers were forgotten since the backup.
    """

    manifest: BackupManifest
    replaced: Path | None
    doubt: str = ""


def restore(source: Source, data: Path, *, replace: bool = False) -> Restored:
    """The data folder, as it was backed up, but for shoppers whom the folder that was there has forgotten.
    With `replace`, what was there is kept under another name, and its shopper key goes on.

    ConfigError where there is something and `replace` is not given, or where the folder cannot be renamed;
    DamagedBackupError names what is damaged; LockHeldError while a server writes to what is to be replaced.
    Nothing is in place after any of them.
    """
    target = data.resolve()
    with storage_failures(target), _staging(target) as staging:
        _refuse(target, replace=replace)
        doubt = _stage(source, staging, target)
        replaced = _put_in_place(staging, target, replace=replace)
    return Restored(source.manifest, replaced, doubt)


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """The name beside the target of what is not yet in place; one process at a time has it. What a process
    left there that was killed is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.with_name(f".{target.name}.restoring")
    lock = take_lock(target.with_name(f".{target.name}.restore.lock"))
    try:
        shutil.rmtree(staging, ignore_errors=True)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        lock.release()


def _refuse(target: Path, *, replace: bool) -> None:
    if target.is_mount():
        raise ConfigError(
            f"{target} is a mount point, which cannot be swapped by a rename. Restore to a folder inside it."
        )
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is a file. Name a folder that is new or empty.")
    if _holds_something(target) and not replace:
        raise ConfigError(
            f"{target} holds something already. Name a folder that is new or empty, or give --replace, which "
            "keeps what is there under another name."
        )


def _holds_something(target: Path) -> bool:
    return target.exists() and any(target.iterdir())


def _stage(source: Source, staging: Path, target: Path) -> str:
    """As `carry_over` says."""
    manifest = source.manifest
    staging.mkdir()
    for name in manifest.files:
        read_checked(source, name, staging / manifest.place_of(name))
    if manifest.live and adopt_copy(staging / LIVE).sequence != manifest.sequence:
        raise DamagedBackupError(source.root / manifest.live, "is not the change log of this backup")
    folder = DataFolder(staging)
    for generation_id in manifest.generations:
        folder.open_generation(
            generation_id, verify=False
        )  # nothing is missing, and the sums are those above
    for generation_id in (*manifest.previous, manifest.active):
        folder.activate(generation_id)
    doubt = carry_over(target / LIVE, staging / LIVE)
    fsync_folders(staging)
    return doubt


def _put_in_place(staging: Path, target: Path, *, replace: bool) -> Path | None:
    """A rename, or two; where the second does not come, both folders are whole beside the place."""
    with ExitStack() as held:
        if (target / LIVE).is_dir():
            held.callback(take_lock(target / LIVE / LOCK).release)
        _refuse(target, replace=replace)  # it may have been filled meanwhile
        replaced = _new_name(target) if _holds_something(target) else None
        if replaced is not None:
            target.rename(replaced)
        try:
            staging.rename(target)
        except OSError:
            if replaced is not None:
                replaced.rename(target)
            raise
        fsync_folder(target.parent)
    return replaced


def _new_name(target: Path) -> Path:
    stem = f"{target.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1_000)))
    return next(path for path in map(target.with_name, names) if not path.exists())
