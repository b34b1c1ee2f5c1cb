"""No space, no handles, a disk that may only be read or does not flush: refused in one sentence, and over
when the cause is.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.backends.change_log import ChangeLog, utc_now
from engine.backends.change_log_schema import DATABASE, MARK
from engine.backends.change_mark import MarkWriter, read_mark
from engine.backends.change_writer import ChangeWriter
from engine.backends.file_turn import FileTurn
from engine.errors import StorageError, StorageFullError
from tests.change_samples import request, upsert

STEP = 10
"""Changes that a step of the starved process commits."""


def starved(scenario: str, folder: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.fault.starved_change_log", scenario, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_a_file_that_may_not_grow_refuses_commits_serves_reads_and_takes_them_later(tmp_path: Path) -> None:
    first, refused, again, read, later, checked = starved("file_size", tmp_path)

    assert first == {"done": STEP}
    for each in (refused, again):
        assert each["reason"] in ("STORAGE_FAILED", "STORAGE_FULL")
        assert each["message"].startswith(str(tmp_path / DATABASE))
    assert read == {"done": STEP}
    assert later == {"done": 2 * STEP}
    assert checked == {"done": None}


def test_without_a_file_handle_nothing_new_is_opened_and_what_is_open_goes_on(tmp_path: Path) -> None:
    first, read, commit, opened, read_later, commit_later, opened_later = starved("handles", tmp_path)

    assert first == {"done": STEP}
    assert read["reason"] == opened["reason"] == "STORAGE_FULL"
    assert "no file handle left" in read["message"]
    assert "no file handle left" in opened["message"]
    assert commit == {"done": 2 * STEP}
    assert read_later == {"done": 2 * STEP}
    assert commit_later == {"done": 3 * STEP}
    assert opened_later == {"done": 0}


def test_a_folder_that_may_only_be_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    existing, new = starved("read_only", tmp_path)

    assert existing["reason"] == new["reason"] == "STORAGE_FAILED"
    assert "only be read" in existing["message"]
    assert "only be read" in new["message"]


@pytest.mark.skipif(
    not (sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")), reason="seccomp is Linux's"
)
def test_what_the_disk_did_not_flush_is_not_acknowledged(tmp_path: Path) -> None:
    first, refused, again, last = starved("flush", tmp_path)

    assert first == {"done": STEP}
    assert refused["reason"] == again["reason"] == "STORAGE_FAILED"
    assert "not flushed" in refused["message"]
    assert last == {"done": STEP}
    log = ChangeLog.open(tmp_path)
    assert log.last_sequence in (STEP, 2 * STEP)  # the system may have written it all the same: whole
    log.commit([request(upsert(1))])
    log.close()


def test_a_full_disk_refuses_a_commit_and_takes_the_next_one_when_there_is_space(tmp_path: Path) -> None:
    log = ChangeLog.open(tmp_path)
    log.commit([request(upsert(1))])
    connection = log._writer._connection
    assert connection is not None
    connection.execute(
        "PRAGMA max_page_count=1"
    )  # what SQLite takes for a full disk; of this connection alone

    with pytest.raises(StorageFullError, match=r"changes\.sqlite3 found no space on the disk"):
        log.commit([request(*(upsert(product, size=5_000) for product in range(9)))])

    assert log.last_sequence == len(log.since(0, 100)) == 1
    assert log.commit([request(upsert(2))]) == [range(2, 3)]
    log.close()


def test_a_disk_that_became_read_only_refuses_a_commit(tmp_path: Path) -> None:
    log = ChangeLog.open(tmp_path)
    connection = log._writer._connection
    assert connection is not None
    connection.execute("PRAGMA query_only=ON")

    with pytest.raises(StorageError, match="only be read"):
        log.commit([request(upsert(1))])

    assert log.last_sequence == 0
    assert log.commit([request(upsert(1))]) == [range(1, 2)]
    log.close()


class BrokenOnce:
    """A flush that fails the first time."""

    def __init__(self) -> None:
        self.broken = True

    def __call__(self, descriptor: int) -> None:
        if self.broken:
            self.broken = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(descriptor)


def test_a_commit_whose_mark_was_not_flushed_is_not_acknowledged_until_it_is(tmp_path: Path) -> None:
    """It is in the log all the same; the same request sent again is what settles it."""
    ChangeLog.open(tmp_path).close()
    mark = MarkWriter(tmp_path / MARK, read_mark(tmp_path / MARK), BrokenOnce())
    writer = ChangeWriter(tmp_path / DATABASE, mark, retention=timedelta(days=1), clock=utc_now)
    log = ChangeLog(tmp_path, FileTurn(tmp_path / "unused"), writer)
    given = request(upsert(1), request_id="r-1", outcome=b"done")

    with pytest.raises(StorageError, match=MARK):
        log.commit([given])
    assert log.last_sequence == 0

    assert log.commit([given]) == [range(2, 2)]
    assert log.last_sequence == 1
    assert log.outcome_of("r-1") == b"done"
    log.close()
