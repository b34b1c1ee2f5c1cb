"""A data folder is put back whole, or nothing is touched."""

from __future__ import annotations

import shutil
import tarfile
from contextlib import closing
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from engine.backends.change_log import ChangeLog, ChangeReader
from engine.backup.manifest import BACKUP
from engine.backup.restore import Restored, restore
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.errors import ConfigError, DamagedBackupError, LockHeldError
from engine.generation import DataFolder
from engine.manifest import sealed
from tests.tiny_data import State, change, publish_tiny, state_of


@pytest.fixture
def data(tmp_path: Path) -> Path:
    publish_tiny(tmp_path / "data", "first")
    change(tmp_path / "data", 1, 2, 3)
    return tmp_path / "data"


@pytest.fixture
def before(data: Path) -> State:
    return state_of(data)


@pytest.fixture(params=["backup", "backup.tar"])
def backup(request: pytest.FixtureRequest, data: Path, before: State, tmp_path: Path) -> Path:
    """Of the first generation with three requests; another and one more have come since."""
    to = tmp_path / str(request.param)
    back_up(DataFolder(data), partial(destination_at, to))
    publish_tiny(data, "second")
    change(data, 4)
    return to


def restored(backup: Path, data: Path, *, replace: bool = False) -> Restored:
    with open_source(backup) as source:
        return restore(source, data, replace=replace)


def test_a_folder_that_holds_something_is_refused(data: Path, backup: Path) -> None:
    now = state_of(data)

    with pytest.raises(ConfigError, match=r"holds something already.*--replace"):
        restored(backup, data)

    assert state_of(data) == now


def test_what_is_replaced_is_kept_beside_it(data: Path, backup: Path, before: State) -> None:
    now = state_of(data)

    first = restored(backup, data, replace=True)
    second = restored(backup, data, replace=True)

    assert state_of(data) == before
    assert first.replaced is not None
    assert second.replaced not in (None, first.replaced)
    assert first.replaced.name.startswith("data.replaced-2")
    assert state_of(first.replaced) == now


def test_an_empty_folder_is_filled_and_parents_are_made(backup: Path, before: State, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for target in (tmp_path / "empty", tmp_path / "new" / "shop"):
        assert restored(backup, target, replace=True).replaced is None
        assert state_of(target) == before


def test_a_link_is_followed_to_the_folder_that_it_names(
    data: Path, backup: Path, before: State, tmp_path: Path
) -> None:
    (tmp_path / "current").symlink_to(data)

    restored(backup, tmp_path / "current", replace=True)

    assert (tmp_path / "current").is_symlink()
    assert state_of(data) == before


def test_a_folder_whose_server_writes_is_not_replaced(data: Path, backup: Path) -> None:
    now = state_of(data)
    with (
        closing(ChangeLog.open(data / "live")),
        pytest.raises(LockHeldError, match=r"live/\.changes\.lock is held by another process"),
    ):
        restored(backup, data, replace=True)

    assert state_of(data) == now


def test_a_log_that_was_restored_is_of_a_lineage_of_its_own(backup: Path, tmp_path: Path) -> None:
    """Whoever follows one copy must not go on with another: each numbers the changes to come by itself."""
    lineages = set()
    for name in ("one", "two"):
        restored(backup, tmp_path / name)
        with closing(ChangeReader.open_to_read(tmp_path / name / "live")) as log:
            lineages.add(log.lineage)

    assert len(lineages) == 2


def test_a_backup_can_be_moved_and_names_no_place_of_the_machine_it_was_made_on(
    data: Path, backup: Path, before: State, tmp_path: Path
) -> None:
    moved = tmp_path / "moved" / backup.name
    moved.parent.mkdir()
    shutil.move(backup, moved)
    shutil.rmtree(data)

    restored(moved, tmp_path / "copy")

    assert state_of(tmp_path / "copy") == before
    files = [moved] if moved.is_file() else [path for path in moved.rglob("*") if path.is_file()]
    assert not any(str(tmp_path).encode() in path.read_bytes() for path in files)
    assert not any(path.is_symlink() for path in moved.rglob("*"))


def test_a_backup_on_a_medium_that_may_only_be_read_is_restored(
    backup: Path, before: State, tmp_path: Path
) -> None:
    paths = [backup, *backup.rglob("*")]
    listed = {path: path.stat().st_mtime_ns for path in paths}

    restored(backup, tmp_path / "copy")

    assert state_of(tmp_path / "copy") == before
    assert {path: path.stat().st_mtime_ns for path in [backup, *backup.rglob("*")]} == listed


def test_nothing_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("no tar at all")

    with pytest.raises(ConfigError, match="There is no backup at"):
        restored(tmp_path / "none", tmp_path / "data")
    with pytest.raises(DamagedBackupError, match=rf"empty/{BACKUP} is missing"):
        restored(tmp_path / "empty", tmp_path / "data")
    with pytest.raises(DamagedBackupError, match=r"text\.tar is no tar file, or is cut off"):
        restored(tmp_path / "text.tar", tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "name", ["generations/../../outside", "/generations/outside", "generations\\..\\x", "elsewhere/x"]
)
def test_a_manifest_that_somebody_made_up_leads_nowhere_outside(name: str, tmp_path: Path) -> None:
    content = b"out"
    record = {"size": len(content), "sha256": sha256(content).hexdigest()}
    body = {
        "format_version": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "engine_version": "0.1",
        "active": "g",
        "previous": [],
        "live": "",
        "sequence": 0,
        "files": {"generations/g/manifest.json": record, name: record},
    }
    with tarfile.open(tmp_path / "forged.tar", "w") as tar:
        for member, data in ((name, content), (BACKUP, sealed(body).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, BytesIO(data))

    with pytest.raises(DamagedBackupError, match="which is no place in a backup"):
        restored(tmp_path / "forged.tar", tmp_path / "in" / "data")

    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "in" / "data").exists()


def test_a_link_in_a_tar_is_no_file(data: Path, tmp_path: Path) -> None:
    back_up(DataFolder(data), partial(destination_at, tmp_path / "whole.tar"))
    with tarfile.open(tmp_path / "whole.tar") as whole, tarfile.open(tmp_path / "linked.tar", "w") as linked:
        for member in whole:
            if member.name.endswith("graph/more/file.bin"):
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
            linked.addfile(member, whole.extractfile(member) if member.isreg() else None)

    with pytest.raises(DamagedBackupError, match=r"graph/more/file\.bin is missing"):
        restored(tmp_path / "linked.tar", tmp_path / "copy")
