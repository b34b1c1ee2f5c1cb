"""The benchmark of the change log, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.change_log import Ways, made_up_requests, time_reads, time_writes
from engine.backends.change_log import ChangeLog

REQUESTS = made_up_requests(12, batch=5, dimension=4, record_bytes=50, seed=1)


def test_every_way_of_writing_is_timed_and_all_that_was_written_is_read(tmp_path: Path) -> None:
    log = ChangeLog.open(tmp_path / "live")
    ways = Ways(tmp_path, log, request_bytes=300)

    writes = time_writes(ways, REQUESTS, group=4)
    reads = time_reads(log, tmp_path, REQUESTS)
    ways.close()

    assert [each.way for each in writes] == ["single", "group", "raw", "mark"]
    assert all(each.changes_per_second > 0 and 0 < each.p50_ms <= each.p99_ms for each in writes)
    assert reads.changes == 60
    assert reads.size_mib > 0


def test_a_log_that_holds_something_else_gives_no_result(tmp_path: Path) -> None:
    log = ChangeLog.open(tmp_path / "live")
    log.commit(REQUESTS[:-1])
    log.commit(made_up_requests(1, batch=5, dimension=4, record_bytes=50, seed=2))

    with pytest.raises(ValueError, match="does not hold what was committed"):
        time_reads(log, tmp_path, REQUESTS)
    log.close()
