"""Backups and shoppers who were forgotten: what a backup holds is known, and comes back with none of it."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from engine.backends.event_schema import DATABASE
from engine.backends.event_store import EventStore
from engine.backup.check import Verdict, check_backup, check_data
from engine.backup.forgotten import noted
from engine.backup.manifest import BackupManifest
from engine.backup.restore import Restored, restore
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.deadline import Deadline
from engine.errors import DamagedEventsError, LockHeldError
from engine.generation import LIVE, DataFolder
from engine.security.shopper_key import SHOPPER_KEY
from engine.shopper_events import ShopperEvent
from tests.event_samples import NOON, at, click, event_book, events_in
from tests.tiny_data import flip, publish_tiny


def record(data: Path, *events: ShopperEvent) -> None:
    with closing(event_book(data)) as book:
        assert not any(outcome.reason for outcome in book.record(events, Deadline.none()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One generation, and three events of two shoppers."""
    publish_tiny(tmp_path / "data", "first")
    record(
        tmp_path / "data",
        *(at(click(number, who), NOON) for number, who in enumerate(["anna", "bert", "anna"])),
    )
    return tmp_path / "data"


@pytest.fixture(params=["backup", "backup.tar"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / str(request.param)


def take(data: Path, to: Path) -> BackupManifest:
    with noted(DataFolder(data), to) as note:
        made = back_up(DataFolder(data), partial(destination_at, to))
        note(made)
    return made


def put_back(backup: Path, data: Path, *, replace: bool = False) -> Restored:
    with open_source(backup) as source:
        return restore(source, data, replace=replace)


def test_events_are_in_a_backup_checked_and_restored(data: Path, to: Path, tmp_path: Path) -> None:
    assert take(data, to).event_sequence == 3
    with open_source(to) as source:
        (verdict,) = check_backup(source)
    assert not verdict.problems

    put_back(to, tmp_path / "copy")

    assert events_in(tmp_path / "copy" / LIVE) == events_in(data / LIVE)
    assert Verdict("events", (), "3 events of shoppers are whole") in list(check_data(tmp_path / "copy"))


def test_a_backup_holds_neither_the_key_nor_a_place_of_the_machine(
    data: Path, to: Path, tmp_path: Path
) -> None:
    take(data, to.with_name("an-earlier-one"))
    take(data, to)
    files = [to] if to.is_file() else [path for path in to.rglob("*") if path.is_file()]
    secret = (data / LIVE / SHOPPER_KEY).read_bytes().strip()

    contents = [path.read_bytes() for path in files]
    assert not any(secret in content or bytes.fromhex(secret.decode()) in content for content in contents)
    assert not any(str(tmp_path).encode() in content for content in contents)


def test_forgetting_says_which_backups_hold_how_much(data: Path, to: Path) -> None:
    take(data, to)
    record(data, click(7))
    with closing(event_book(data)) as book:
        forgotten = book.forget("anna")

        assert forgotten.erased == 3
        assert [(each.place, each.event_count) for each in forgotten.backups] == [(str(to), 2)]
        assert book.forget("anna").backups == forgotten.backups


def test_a_backup_during_which_the_first_event_came_is_known_too(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    publish_tiny(data.root, "first")
    with noted(data, tmp_path / "to") as note:
        record(data.root, click(1))
        note(back_up(data, partial(destination_at, tmp_path / "to")))

    with closing(event_book(data.root)) as book:
        assert [each.event_count for each in book.forget("anna").backups] == [1]


def test_a_backup_that_takes_the_place_of_another_takes_its_entry_too(data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        take(data, tmp_path / "to")
    with closing(event_book(data)) as book:
        assert len(book.forget("anna").backups) == 1
        take(data, tmp_path / "to")
        assert book.forget("anna").backups == ()


def test_a_backup_that_came_to_nothing_holds_nothing(data: Path, tmp_path: Path) -> None:
    (file,) = (data / "generations").glob("*/graph/more/file.bin")
    flip(file)
    with pytest.raises(Exception, match="SHA-256"):
        take(data, tmp_path / "to")

    with closing(event_book(data)) as book:
        assert book.forget("anna").backups == ()


def test_a_shopper_who_was_forgotten_does_not_come_back_with_a_backup(data: Path, to: Path) -> None:
    """Nor does anything sent again, and the key that names the others goes on."""
    take(data, to)
    with closing(event_book(data)) as book:
        book.forget("anna")

    done = put_back(to, data, replace=True)

    assert done.doubt == ""
    assert list(events_in(data / LIVE)) == [2]
    assert (data / LIVE / SHOPPER_KEY).stat().st_mode & 0o777 == 0o600
    with closing(event_book(data)) as book:
        again = book.record([at(click(0), NOON), click(0), click(9, "bert")], Deadline.none())
        assert [(each.reason, each.repeated) for each in again] == [
            ("FAILED_PRECONDITION", False),
            ("", True),
            ("", False),
        ]
        forgotten = book.forget("bert")
        assert (forgotten.erased, [each.event_count for each in forgotten.backups]) == (2, [1])


def test_a_folder_into_which_a_server_records_is_not_replaced(data: Path, to: Path) -> None:
    take(data, to)
    with closing(event_book(data)) as book:
        book.record([click(7)], Deadline.none())

        with pytest.raises(LockHeldError, match="is held by another process"):
            put_back(to, data, replace=True)

        assert book.record([click(8)], Deadline.none())[0].reason == ""
    assert len(events_in(data / LIVE)) == 5


def test_tombstones_outlive_a_backup_from_before_the_first_event(tmp_path: Path, to: Path) -> None:
    publish_tiny(tmp_path / "data", "first")
    take(tmp_path / "data", to)
    record(tmp_path / "data", at(click(1), NOON))
    with closing(event_book(tmp_path / "data")) as book:
        book.forget("anna")

    put_back(to, tmp_path / "data", replace=True)

    with closing(event_book(tmp_path / "data")) as book:
        (outcome,) = book.record([at(click(2), NOON)], Deadline.none())
    assert outcome.reason == "FAILED_PRECONDITION"


def test_a_restore_over_damaged_events_goes_on_and_says_what_is_left_to_do(data: Path, to: Path) -> None:
    take(data, to)
    (data / LIVE / DATABASE).write_bytes(b"no database" * 1_000)

    done = put_back(to, data, replace=True)

    assert "Call ForgetShopper again" in done.doubt
    assert len(events_in(data / LIVE)) == 3


def test_damaged_events_are_named_and_no_backup_is_made_of_them(data: Path, to: Path) -> None:
    path = data / LIVE / DATABASE
    path.write_bytes(path.read_bytes().replace(b"ink", b"inc"))

    with pytest.raises(DamagedEventsError, match=f"^{path} does not match the checksum of event"):
        take(data, to)

    problems = [problem for verdict in check_data(data) for problem in verdict.problems]
    assert [problem.split()[0] for problem in problems] == [str(path)]
    assert not to.is_file()


def test_a_store_that_has_forgotten_goes_on_with_its_numbers_after_a_restore(data: Path, to: Path) -> None:
    """So that a generation that is built afterwards is not taken for one from before."""
    take(data, to)
    record(data, *(click(number, "cleo") for number in range(10, 20)))
    put_back(to, data, replace=True)

    record(data, click(30))

    assert max(events_in(data / LIVE)) == 14
    with closing(EventStore(data / LIVE)) as store:
        assert store.exists
