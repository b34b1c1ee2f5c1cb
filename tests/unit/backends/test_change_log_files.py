"""The change log on disk: opened again, by one process to write and others to read, backed up, foreign."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing as ended
from pathlib import Path

import pytest

from engine.backends.change_log import ChangeLog, ChangeReader
from engine.backends.change_log_schema import DATABASE
from engine.backends.product_log import ProductLog
from engine.errors import ConfigError, DamagedChangeLogError, FailedPreconditionError, OverloadedError
from tests.change_samples import content, request, upsert


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ChangeLog]:
    opened = ChangeLog.open(tmp_path / "live")
    yield opened
    opened.close()


def test_a_log_that_is_opened_again_goes_on_where_it_stopped(log: ChangeLog, tmp_path: Path) -> None:
    log.commit([request(upsert(1), request_id="r-1", outcome=b"done")])
    lineage = log.lineage
    log.close()

    with ended(ChangeLog.open(tmp_path / "live")) as again:
        assert again.lineage == lineage
        assert again.outcome_of("r-1") == b"done"
        assert again.commit([request(upsert(2))]) == [range(2, 3)]


def test_two_write_by_turns_and_each_goes_on_after_the_other(log: ChangeLog, tmp_path: Path) -> None:
    with ended(ChangeLog.open(tmp_path / "live")) as other:
        assert log.commit([request(upsert(1), request_id="r-1", outcome=b"done")]) == [range(1, 2)]
        assert other.last_sequence == 1
        assert other.commit([request(upsert(2)), request(upsert(3), request_id="r-1")]) == [
            range(2, 3),
            range(3, 3),  # the request is known, whoever took it
        ]
        assert other.compact(2) == 2
        assert log.commit([request(upsert(4))]) == [range(3, 4)]

        assert (log.last_sequence, log.compacted) == (3, 2)
        log.check()


def test_nobody_writes_while_it_is_another_s_turn(log: ChangeLog, tmp_path: Path) -> None:
    with ended(ChangeLog.open(tmp_path / "live")) as other:
        other._turns._patience = 0.05
        with log.turn():
            log.commit([request(upsert(1))])
            with pytest.raises(
                OverloadedError, match=r"Another process has had .*\.changes\.turn for 0.05 seconds"
            ):
                other.commit([request(upsert(2))])

        assert other.commit([request(upsert(2))]) == [range(2, 3)]


def test_what_a_writer_committed_that_ended_before_it_said_so_is_acknowledged_by_the_next(
    log: ChangeLog, tmp_path: Path
) -> None:
    with ended(ChangeLog.open(tmp_path / "live")) as other:
        other._writer._mark.write = lambda extent: None  # type: ignore[method-assign]
        other.commit([request(upsert(1))])
        assert log.last_sequence == 0

        with log.turn():
            assert log.last_sequence == 1
            assert log.commit([request(upsert(2))]) == [range(2, 3)]


def test_a_closed_log_says_so(log: ChangeLog) -> None:
    log.close()

    with pytest.raises(FailedPreconditionError, match="is closed"):
        log.commit([request(upsert(1))])
    with pytest.raises(FailedPreconditionError, match="is closed"):
        log.since(0, 1)
    log.close()


def test_other_processes_read_while_one_writes(log: ChangeLog, tmp_path: Path) -> None:
    with ended(ChangeReader.open_to_read(tmp_path / "live")) as reader:
        assert reader.last_sequence == 0
        log.commit([request(upsert(1), request_id="r-1", outcome=b"done")])

        assert reader.last_sequence == 1
        assert [content(change) for change in reader.since(0, 5)] == [content(upsert(1))]
        assert reader.outcome_of("r-1") == b"done"
        assert reader.lineage == log.lineage
        reader.check()
        log.close()
        assert [change.sequence for change in reader.latest()] == [1]


def test_there_has_to_be_a_log_to_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no change log in"):
        ChangeReader.open_to_read(tmp_path)


def test_a_backup_is_a_log_of_its_own_lineage_that_holds_one_moment(log: ChangeLog, tmp_path: Path) -> None:
    log.commit([request(upsert(1), upsert(2), request_id="r-1", outcome=b"done")])
    log.compact(1)
    log.back_up(tmp_path / "backup")
    log.commit([request(upsert(3))])

    with ended(ChangeLog.open(tmp_path / "backup")) as restored:
        assert [content(change) for change in restored.since(1, 5)] == [content(upsert(2))]
        assert restored.outcome_of("r-1") == b"done"
        assert restored.lineage != log.lineage
        assert restored.commit([request(upsert(4))]) == [range(3, 4)]
    assert [content(change) for change in log.since(2, 5)] == [content(upsert(3))]


def test_a_backup_never_overwrites(log: ChangeLog, tmp_path: Path) -> None:
    log.back_up(tmp_path / "backup")

    with pytest.raises(ConfigError, match="exists already"):
        log.back_up(tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_damaged_log_is_not_backed_up(log: ChangeLog, tmp_path: Path) -> None:
    log.commit([request(upsert(1), upsert(2))])
    log.close()
    path = tmp_path / "live" / DATABASE
    path.write_bytes(path.read_bytes().replace(b'{"id":"p1"', b'{"id":"p7"'))

    with (
        ended(ChangeReader.open_to_read(tmp_path / "live")) as reader,
        pytest.raises(DamagedChangeLogError, match=rf"live/{DATABASE} is damaged: change 1"),
    ):
        reader.back_up(tmp_path / "backup")
    assert [found.name for found in tmp_path.iterdir()] == ["live"]


def test_a_creation_that_was_cut_off_left_no_log_and_stops_no_server(tmp_path: Path) -> None:
    """Between the mark and the database: nothing was acknowledged yet."""
    ChangeLog.open(tmp_path / "live").close()
    (tmp_path / "live" / DATABASE).unlink()

    assert list(ProductLog(tmp_path / "live").latest(0)) == []
    with pytest.raises(ConfigError, match="There is no change log"):
        ChangeReader.open_to_read(tmp_path / "live")


def test_a_database_that_was_removed_is_missed(log: ChangeLog, tmp_path: Path) -> None:
    log.commit([request(upsert(1))])
    log.close()
    (tmp_path / "live" / DATABASE).unlink()

    with pytest.raises(DamagedChangeLogError, match=f"{DATABASE} is missing"):
        list(ProductLog(tmp_path / "live").latest(0))


def test_a_creation_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    ChangeLog.open(tmp_path).close()
    (tmp_path / DATABASE).rename(tmp_path / "never-renamed")
    (tmp_path / ".changes.new").mkdir()
    shutil.copy(tmp_path / "never-renamed", tmp_path / ".changes.new" / DATABASE)

    with ended(ChangeLog.open(tmp_path)) as log:
        assert log.commit([request(upsert(1))]) == [range(1, 2)]


@pytest.mark.parametrize("foreign", [b"", b"no database", b"SQLite format 3\0" + bytes(200)])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, foreign: bytes) -> None:
    ChangeLog.open(tmp_path).close()
    (tmp_path / DATABASE).write_bytes(foreign)

    with pytest.raises(DamagedChangeLogError, match=DATABASE):
        ChangeLog.open(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == foreign
