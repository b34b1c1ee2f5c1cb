"""A change log whose files were cut, flipped, removed or exchanged: refused by name, or all of it is there.

The logs that are damaged here are those of a process that ended without closing: SQLite mends such a log by
itself, and takes whatever it cannot read of the -wal for something that was never finished.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.backends.change_log import ChangeLog, ChangeReader
from engine.backends.change_log_schema import DATABASE, MARK, PAGE_BYTES
from engine.errors import DamagedChangeLogError
from tests.change_samples import Content, content, request, upsert

WAL = f"{DATABASE}-wal"
FILES = (DATABASE, WAL, MARK)
FLIPS = 50
PRODUCTS = 7


@dataclass(frozen=True)
class Wreck:
    """The files of a log as its process left them, and all that was acknowledged by then."""

    folder: Path
    content: list[tuple[int, Content]]

    def copy(self, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(self.folder, folder)


def commit(log: ChangeLog, number: int) -> None:
    changes = [upsert(product, number, size=900, dimension=100) for product in range(PRODUCTS)]
    log.commit([request(*changes, request_id=f"r{number}", outcome=b"%d" % number)])


def wreck(log: ChangeLog, live: Path, folder: Path) -> Wreck:
    """As of now, without what SQLite makes anew."""
    shutil.copytree(live, folder, ignore=shutil.ignore_patterns("*-shm", ".*"))
    return Wreck(folder, read(log))


def read(log: ChangeReader) -> list[tuple[int, Content]]:
    found = [(change.sequence, content(change)) for change in log.since(log.compacted, 10_000)]
    numbers = {content[1].split(b'"')[7].strip().decode() for _, content in found}
    assert all(log.outcome_of(f"r{number}") == number.encode() for number in numbers)
    return found


def fold(log: ChangeLog) -> None:
    connection = log._writer._connection
    assert connection is not None
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def half_folded(log: ChangeLog) -> None:
    """Four commits, all of them both in the database and in the -wal, three more in the -wal alone, which a
    reader kept from beginning anew.
    """
    for number in range(4):
        commit(log, number)
    fold(log)
    with log._reading() as (connection, _):
        connection.execute("SELECT count(*) FROM change").fetchall()
        for number in range(4, 7):
            commit(log, number)


def begun_anew(log: ChangeLog) -> None:
    """A -wal whose first frames are new, and whose later ones belong to a time before it was folded in."""
    for number in range(6):
        commit(log, number)
    fold(log)
    for number in range(6, 8):
        commit(log, number)


def compacted(log: ChangeLog) -> None:
    for number in range(4):
        commit(log, number)
    fold(log)
    commit(log, 4)
    log.compact(2 * PRODUCTS)
    commit(log, 5)


@pytest.fixture(scope="module", params=[half_folded, begun_anew, compacted], ids=lambda make: make.__name__)
def wrecked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Wreck:
    folder = tmp_path_factory.mktemp(request.param.__name__)
    log = ChangeLog.open(folder / "live")
    request.param(log)
    found = wreck(log, folder / "live", folder / "wreck")
    log.close()
    assert all((found.folder / name).stat().st_size for name in FILES)
    return found


def outcome(folder: Path) -> list[tuple[int, Content]] | None:
    """What the log holds; None when it is refused, the file named, and nothing touched."""
    before = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    refusal = None
    try:
        log = ChangeLog.open(folder)
    except DamagedChangeLogError as error:
        refusal = error
    if refusal is None:
        found = read(log)
        log.close()
        return found
    assert str(refusal).startswith(str(folder))
    assert refusal.path.name in FILES
    assert {name: (folder / name).read_bytes() for name in before} == before
    return None


def flip(path: Path, bit: int) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[bit // 8] ^= 1 << bit % 8
    path.write_bytes(damaged)


def test_an_undamaged_wreck_holds_all_that_was_acknowledged(wrecked: Wreck, tmp_path: Path) -> None:
    assert outcome(wrecked.copy(tmp_path / "log")) == wrecked.content


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_named_or_harmless(wrecked: Wreck, name: str, tmp_path: Path) -> None:
    size = (wrecked.folder / name).stat().st_size * 8
    bits = np.random.default_rng(len(name)).integers(0, size, FLIPS)
    refused = 0
    for bit in (*range(0, 100 * 8, 17), *bits.tolist()):  # headers are small, and most of the harm is there
        folder = wrecked.copy(tmp_path / "log")
        flip(folder / name, bit)
        found = outcome(folder)
        assert found in (None, wrecked.content), f"bit {bit} of {name} went unnoticed"
        refused += found is None

    assert refused > 0 or name == MARK  # one slot of the mark stands in for the other


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named_or_harmless(wrecked: Wreck, name: str, tmp_path: Path) -> None:
    size = (wrecked.folder / name).stat().st_size
    for length in (0, 1, 31, 100, 4_095, size // 3, size // 2, size - 8_192, size - 4_096, size - 1):
        folder = wrecked.copy(tmp_path / "log")
        os.truncate(folder / name, max(0, length))
        assert outcome(folder) in (None, wrecked.content), f"{name} of {length} bytes went unnoticed"
    folder = wrecked.copy(tmp_path / "log")
    os.truncate(folder / name, 0)
    assert outcome(folder) is None


@pytest.mark.parametrize("name", FILES)
def test_a_removed_file_is_named(wrecked: Wreck, name: str, tmp_path: Path) -> None:
    folder = wrecked.copy(tmp_path / "log")
    (folder / name).unlink()

    assert outcome(folder) is None


@pytest.mark.parametrize("names", [(DATABASE,), (WAL,), (MARK,), (DATABASE, WAL), (DATABASE, MARK)])
def test_files_of_another_log_are_named_or_harmless(
    wrecked: Wreck, names: tuple[str, ...], tmp_path: Path
) -> None:
    """Harmless is a database where the -wal has everything that counts, as after a compaction."""
    log = ChangeLog.open(tmp_path / "other" / "live")
    half_folded(log)
    other = wreck(log, tmp_path / "other" / "live", tmp_path / "other" / "wreck")
    log.close()
    folder = wrecked.copy(tmp_path / "log")
    for name in names:
        shutil.copy(other.folder / name, folder / name)

    assert outcome(folder) in (None, wrecked.content)


@pytest.mark.parametrize("name", [DATABASE, MARK])
def test_a_file_of_another_log_is_named_when_both_were_closed(
    wrecked: Wreck, name: str, tmp_path: Path
) -> None:
    folders = [wrecked.copy(tmp_path / "log"), tmp_path / "other"]
    log = ChangeLog.open(folders[1])
    half_folded(log)
    log.close()
    ChangeLog.open(folders[0]).close()
    shutil.copy(folders[1] / name, folders[0] / name)

    with pytest.raises(DamagedChangeLogError, match=f"{DATABASE} is not the log that {MARK} beside it"):
        ChangeLog.open(folders[0])


def test_damage_that_would_only_harm_changes_to_come_is_named(tmp_path: Path) -> None:
    """A list of free pages that holds one which is in use: the next commit would write over it."""
    log = ChangeLog.open(tmp_path)
    for number in range(6):
        commit(log, number)
    log.compact(5 * PRODUCTS)
    log.close()
    content = bytearray((tmp_path / DATABASE).read_bytes())
    first_free = int.from_bytes(content[32:36], "big")
    entries = (first_free - 1) * PAGE_BYTES + 8
    assert first_free > 0
    content[entries : entries + 4] = (2).to_bytes(4, "big")
    (tmp_path / DATABASE).write_bytes(content)

    with pytest.raises(DamagedChangeLogError, match=f"{DATABASE} or its -wal is damaged"):
        ChangeLog.open(tmp_path)


def test_an_older_copy_of_the_database_is_named(wrecked: Wreck, tmp_path: Path) -> None:
    folder = wrecked.copy(tmp_path / "log")
    ChangeLog.open(folder).close()
    older = (folder / DATABASE).read_bytes()
    log = ChangeLog.open(folder)
    commit(log, 20)
    log.close()
    (folder / DATABASE).write_bytes(older)

    with pytest.raises(DamagedChangeLogError, match="were acknowledged"):
        ChangeLog.open(folder)


def test_a_torn_commit_that_nobody_was_told_of_is_dropped_whole_or_kept_whole(tmp_path: Path) -> None:
    """A power cut in the middle of a commit: the mark is that before it, the -wal ends anywhere in it."""
    live = tmp_path / "live"
    log = ChangeLog.open(live)
    commit(log, 0)
    mark = (live / MARK).read_bytes()
    before = wreck(log, live, tmp_path / "before")
    commit(log, 1)
    after = wreck(log, live, tmp_path / "after")
    log.close()
    start, stop = ((each.folder / WAL).stat().st_size for each in (before, after))
    seen = set()
    for length in (*np.linspace(start, stop, 40).astype(int).tolist(), stop):
        folder = after.copy(tmp_path / "log")
        (folder / MARK).write_bytes(mark)
        os.truncate(folder / WAL, length)
        found = outcome(folder)
        assert found in (before.content, after.content)
        seen.add(len(found or ()))
    assert seen == {len(before.content), len(after.content)}

    for length in np.linspace(1, start - 1, 20).astype(int).tolist():
        folder = after.copy(tmp_path / "log")
        (folder / MARK).write_bytes(mark)
        os.truncate(folder / WAL, length)
        assert outcome(folder) is None


def test_damage_that_comes_while_the_log_is_open_is_never_served(wrecked: Wreck, tmp_path: Path) -> None:
    folder = wrecked.copy(tmp_path / "log")
    ChangeLog.open(folder).close()
    size = (folder / DATABASE).stat().st_size * 8
    refused = 0
    for bit in np.random.default_rng(3).integers(0, size, FLIPS).tolist():
        flip(folder / DATABASE, bit)
        for ask in (read_since, read_latest, check):
            refused += refuses(folder, ask, wrecked)
        flip(folder / DATABASE, bit)

    assert refused > FLIPS // 2


def refuses(folder: Path, ask: Callable[[ChangeReader, Wreck], None], wrecked: Wreck) -> bool:
    try:
        reader = ChangeReader.open_to_read(folder)
    except DamagedChangeLogError:
        return True
    try:
        ask(reader, wrecked)
    except DamagedChangeLogError:
        return True
    finally:
        reader.close()
    return False


def read_since(reader: ChangeReader, wrecked: Wreck) -> None:
    found = reader.since(reader.compacted, 10_000)
    assert [(change.sequence, content(change)) for change in found] == wrecked.content


def read_latest(reader: ChangeReader, wrecked: Wreck) -> None:
    found = [(change.sequence, content(change)) for change in reader.latest()]
    assert found == wrecked.content[-PRODUCTS:]


def check(reader: ChangeReader, wrecked: Wreck) -> None:
    reader.check()
    read_since(reader, wrecked)
