"""A backup is one moment of a data folder that is served and written to all the while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from engine.backends.change_log import ChangeLog, ChangeReader
from engine.backends.product_log import ProductLog
from engine.backup.destination import LOCK, Destination, FolderDestination, LogCopy
from engine.backup.manifest import BACKUP
from engine.backup.restore import restore
from engine.backup.source import open_source
from engine.backup.take import ATTEMPTS, back_up, destination_at
from engine.errors import (
    ConfigError,
    DamagedChangeLogError,
    DamagedGenerationError,
    FailedPreconditionError,
    LockHeldError,
)
from engine.generation import DataFolder
from engine.types import FoldedChanges
from tests.tiny_data import State, change, commit, flip, publish_tiny, state_of, truncate


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One generation, and three requests of two changes each."""
    publish_tiny(tmp_path / "data", "first")
    change(tmp_path / "data", 1, 2, 3)
    return tmp_path / "data"


@pytest.fixture(params=["backup", "backup.tar"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / str(request.param)


def take(data: Path, to: Path, *, every: bool = False) -> int:
    """The last change in the backup."""
    return back_up(DataFolder(data), partial(destination_at, to), every=every).sequence


def restored(backup: Path, to: Path) -> Path:
    with open_source(backup) as source:
        restore(source, to)
    return to


def test_a_restored_folder_is_what_was_backed_up(data: Path, to: Path, tmp_path: Path) -> None:
    before = state_of(data)

    assert take(data, to) == 6

    copy = restored(to, tmp_path / "copy")
    assert state_of(copy) == before
    with closing(ChangeLog.open(copy / "live")) as log:
        assert log.outcome_of("r2") == b"2"
        commit(log, 4)
        assert log.last_sequence == 8


def test_a_shop_without_live_changes_is_backed_up_without_a_log(tmp_path: Path, to: Path) -> None:
    publish_tiny(tmp_path / "data", "first")

    assert take(tmp_path / "data", to) == 0

    copy = restored(to, tmp_path / "copy")
    assert state_of(copy) == state_of(tmp_path / "data")
    assert not (copy / "live").exists()


def test_changes_go_on_and_those_from_before_the_backup_are_in_it(
    data: Path, to: Path, tmp_path: Path
) -> None:
    done = threading.Event()
    log = ChangeLog.open(data / "live")

    def write() -> None:
        number = 4
        while not done.is_set():
            commit(log, number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for turn in range(4):
            acknowledged = log.last_sequence
            backup = to.with_name(f"{turn}{to.name}")
            last = take(data, backup)
            _, changes = state_of(restored(backup, tmp_path / f"copy{turn}"))
            assert last >= acknowledged
            assert [sequence for sequence, _ in changes] == list(range(1, last + 1))
            assert changes == state_of(data)[1][:last]
    finally:
        done.set()
        writer.join()
        log.close()


class Overtaken(FolderDestination):
    """Something happens to the data folder between reading its pointer and copying its log."""

    def __init__(self, root: Path, happens: Iterator[Callable[[], object]]) -> None:
        super().__init__(root)
        self._happens = happens

    def add_log(self, log: ChangeReader) -> LogCopy:
        for happening in self._happens:
            happening()
            break
        return super().add_log(log)


def fold(data: Path, text: str) -> None:
    """A build from live changes, its activation, and the compaction of what it holds."""
    with closing(ChangeLog.open(data / "live")) as log:
        last = log.last_sequence
        publish_tiny(data, text, folded=FoldedChanges(last, log.log_id, log.lineage))
        log.compact(last)
        commit(log, 100 + last)


def test_a_backup_that_an_activation_and_a_compaction_overtake_begins_anew(
    data: Path, tmp_path: Path
) -> None:
    """The old generation with the new log would lack the changes that only the new generation holds."""
    happens = iter([partial(fold, data, "second")])

    manifest = back_up(DataFolder(data), lambda: Overtaken(tmp_path / "to", happens))

    copy = restored(tmp_path / "to", tmp_path / "copy")
    assert state_of(copy) == state_of(data)
    active, changes = state_of(copy)
    folded = DataFolder(copy).open_generation(active).manifest.folded
    assert folded.sequence == ProductLog(copy / "live").start_of(folded) == 6
    assert [sequence for sequence, _ in changes] == [7, 8]
    assert manifest.generations == {active}


def test_a_backup_that_is_overtaken_again_and_again_is_given_up(data: Path, tmp_path: Path) -> None:
    happens = (partial(fold, data, f"turn {turn}") for turn in range(ATTEMPTS))

    with pytest.raises(FailedPreconditionError, match=f"came and went {ATTEMPTS} times"):
        back_up(DataFolder(data), lambda: Overtaken(tmp_path / "to", happens))

    assert not (tmp_path / "to" / BACKUP).exists()


def test_a_generation_without_changes_that_the_log_has_forgotten_is_refused(data: Path, to: Path) -> None:
    with closing(ChangeLog.open(data / "live")) as log:
        log.compact(4)

    with pytest.raises(FailedPreconditionError, match=r"forgotten changes up to 4, .* only up to 0"):
        take(data, to)


def test_backups_beside_builds_that_fold_and_compact_are_each_of_one_moment(
    data: Path, to: Path, tmp_path: Path
) -> None:
    """The generation and the log of each fit: nothing is lost between them, and nothing is before either."""
    done = threading.Event()

    def build() -> None:
        turn = 0
        while not done.wait(0.01):
            fold(data, f"turn {turn}")
            turn += 1

    builder = threading.Thread(target=build)
    builder.start()
    states: list[State] = []
    try:
        for turn in range(8):
            backup = to.with_name(f"{turn}{to.name}")
            last = take(data, backup)
            copy = restored(backup, tmp_path / f"copy{turn}")
            states.append(state_of(copy))
            active, changes = states[-1]
            folded = DataFolder(copy).open_generation(active).manifest.folded
            start = ProductLog(copy / "live").start_of(folded)
            assert start <= folded.sequence <= last
            assert [sequence for sequence, _ in changes] == list(range(start + 1, last + 1))
    finally:
        done.set()
        builder.join()
    assert len({active for active, _ in states}) > 1


def test_a_second_backup_into_a_folder_copies_no_generation_again(data: Path, tmp_path: Path) -> None:
    take(data, tmp_path / "to")
    (generation,) = (tmp_path / "to" / "generations").iterdir()
    (old_log,) = (tmp_path / "to").glob("live-*")
    before = generation.stat()
    change(data, 4)

    assert take(data, tmp_path / "to") == 8

    after = generation.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not old_log.exists()
    assert state_of(restored(tmp_path / "to", tmp_path / "copy")) == state_of(data)


def test_a_copy_that_was_damaged_since_is_made_again(data: Path, tmp_path: Path) -> None:
    take(data, tmp_path / "to")
    (file,) = (tmp_path / "to" / "generations").glob("*/vectors/more/file.bin")
    flip(file)

    take(data, tmp_path / "to")

    assert state_of(restored(tmp_path / "to", tmp_path / "copy")) == state_of(data)


def test_a_generation_of_the_same_id_but_another_build_is_copied_again(data: Path, tmp_path: Path) -> None:
    """An id leaves out what no build makes twice alike, such as the files of the graph's store."""
    take(data, tmp_path / "to")
    generation = DataFolder(data).open_active()
    other = replace(generation.manifest, engine_version="0.2")
    (generation.folder / "manifest.json").write_text(other.to_json())

    take(data, tmp_path / "to")

    copy = restored(tmp_path / "to", tmp_path / "copy")
    assert DataFolder(copy).open_active().manifest.engine_version == "0.2"


def test_a_folder_holds_the_latest_backup_alone(data: Path, tmp_path: Path) -> None:
    take(data, tmp_path / "to")
    (old,) = (tmp_path / "to" / "generations").iterdir()
    publish_tiny(data, "second")

    take(data, tmp_path / "to")

    (generation,) = (tmp_path / "to" / "generations").iterdir()
    assert generation != old
    (log,) = (tmp_path / "to").glob("live-*")
    assert {path.name for path in (tmp_path / "to").iterdir()} == {BACKUP, LOCK, "generations", log.name}


def test_all_generations_are_backed_up_when_asked_and_can_be_rolled_back_to(
    data: Path, to: Path, tmp_path: Path
) -> None:
    first = state_of(data)[0]
    publish_tiny(data, "second")
    unused = publish_tiny(data, "never active", activate=False)

    take(data, to, every=True)

    copy = DataFolder(restored(to, tmp_path / "copy"))
    assert copy.pointer() == DataFolder(data).pointer()
    assert copy.open_generation(unused).id == unused
    assert copy.roll_back().active == first


def test_only_the_active_generation_is_backed_up_unless_asked(data: Path, to: Path, tmp_path: Path) -> None:
    active = publish_tiny(data, "second")

    take(data, to)

    copy = DataFolder(restored(to, tmp_path / "copy"))
    assert [info.id for info in copy.list()] == [active]
    pointer = copy.pointer()
    assert pointer is not None
    assert (pointer.active, pointer.previous) == (active, ())


def test_a_damaged_generation_is_named_and_the_backup_before_stays(data: Path, tmp_path: Path) -> None:
    take(data, tmp_path / "to")
    before = state_of(data)
    publish_tiny(data, "second")
    (file,) = (data / "generations" / state_of(data)[0]).glob("graph/more/file.bin")
    flip(file)

    with pytest.raises(DamagedGenerationError, match=f"^{file} does not match its SHA-256"):
        take(data, tmp_path / "to")

    assert state_of(restored(tmp_path / "to", tmp_path / "copy")) == before
    assert len(list((tmp_path / "to" / "generations").iterdir())) == 1


def test_a_damaged_change_log_is_named_and_no_backup_is_left(data: Path, to: Path) -> None:
    truncate(data / "live" / "changes.mark")

    with pytest.raises(DamagedChangeLogError, match=r"changes\.mark has 8191 bytes"):
        take(data, to)

    assert not (to if to.suffix else to / BACKUP).exists()


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(data: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"photo")

    with pytest.raises(ConfigError, match="photos holds something else than a backup"):
        take(data, tmp_path / "photos")
    with pytest.raises(ConfigError, match="data holds something else"):
        take(data, data)

    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["one.jpg"]


def test_a_file_that_exists_is_not_written_over(data: Path, tmp_path: Path) -> None:
    take(data, tmp_path / "shop.tar")
    before = (tmp_path / "shop.tar").read_bytes()

    with pytest.raises(ConfigError, match=r"shop\.tar exists already"):
        take(data, tmp_path / "shop.tar")

    assert (tmp_path / "shop.tar").read_bytes() == before


def test_a_compressed_file_is_refused_before_it_would_become_a_folder(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="backups are not compressed"):
        take(data, tmp_path / "shop.tar.gz")


def test_two_backups_into_one_folder_at_a_time_are_refused(data: Path, tmp_path: Path) -> None:
    def both() -> AbstractContextManager[Destination]:
        return destination_at(tmp_path / "to")

    with both(), pytest.raises(LockHeldError, match=LOCK):
        back_up(DataFolder(data), both)


def test_a_folder_where_nothing_is_active_is_refused(tmp_path: Path, to: Path) -> None:
    publish_tiny(tmp_path / "data", "first", activate=False)

    with pytest.raises(ConfigError, match="nothing to back up"):
        take(tmp_path / "data", to)
