"""A copy of a change log, taken while it is written to."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from engine.backends.change_log_check import refuse_foreign, verify
from engine.backends.change_log_schema import DATABASE, MARK, connect_to_read
from engine.backends.change_mark import ID_BYTES, Extent, Mark, create_mark, read_mark
from engine.backends.storage_failure import storage_failures
from engine.errors import ConfigError
from engine.files import fsync_folder


def back_up(
    source: sqlite3.Connection, path: Path, target: Path, log_id: bytes, acknowledged: Extent
) -> Extent:
    """A folder that `ChangeLog.open` takes: one moment of the log, whole, read again before it gets its name.
    Returns which moment.

    It holds all that is acknowledged, and is of a lineage of its own. ConfigError when `target` exists;
    DamagedChangeLogError, naming the original at `path`, when the copy is not whole.
    """
    if target.exists():
        raise ConfigError(f"{target} exists already. Give the backup a name of its own.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with storage_failures(target):
        try:
            unfinished.mkdir(parents=True)
            extent = _copy(source, path, unfinished / DATABASE, log_id, acknowledged)
            create_mark(unfinished / MARK, Mark(log_id, secrets.token_bytes(ID_BYTES), extent))
            unfinished.rename(target)
            fsync_folder(target.parent)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return extent


def adopt_copy(folder: Path) -> Extent:
    """Make a copy of a backup a log of its own, since it may go on otherwise than other copies do. Returns
    what it holds; DamagedChangeLogError when it is not what `back_up` made.
    """
    path, mark = folder / DATABASE, read_mark(folder / MARK)
    refuse_foreign(path)
    with storage_failures(path):
        with closing(connect_to_read(path, immutable=True)) as copy:
            extent = verify(copy, path, mark.log_id, mark.extent)
        create_mark(folder / MARK, Mark(mark.log_id, secrets.token_bytes(ID_BYTES), extent))
    return extent


def _copy(
    source: sqlite3.Connection, path: Path, target: Path, log_id: bytes, acknowledged: Extent
) -> Extent:
    """What the copy holds."""
    with closing(sqlite3.connect(target)) as copy:
        source.backup(copy)  # in one step, so that no commit makes it begin again
    with closing(connect_to_read(target, immutable=True)) as copy:
        return verify(copy, path, log_id, acknowledged)
