"""Every file of a data folder, and of a backup, that is not what was written is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from engine.backends.change_log import ChangeLog
from engine.backends.change_log_schema import DATABASE, MARK
from engine.backup.check import Verdict, check_backup, check_data
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.errors import ConfigError
from engine.generation import DataFolder
from engine.manifest import Manifest
from tests.tiny_data import HARM, change, commit, empty, flip, publish_tiny, scramble


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two generations and a change log."""
    publish_tiny(tmp_path / "data", "first")
    publish_tiny(tmp_path / "data", "second")
    change(tmp_path / "data", 1, 2, 3)
    return tmp_path / "data"


def problems(data: Path) -> list[str]:
    return [problem for verdict in check_data(data) for problem in verdict.problems]


def test_a_whole_folder_is_whole(data: Path) -> None:
    pointer, *generations, log, events = check_data(data)

    active = DataFolder(data).open_active().id
    assert pointer == Verdict("pointer", (), f"{active} is active")
    assert {each.subject for each in generations} == {
        f"generation {path.name}" for path in (data / "generations").iterdir()
    }
    assert all(each.evidence.startswith("7 files match their SHA-256") for each in generations)
    assert log == Verdict("change log", (), "live changes up to 6 are whole")
    assert events == Verdict("events", (), "none was ever recorded")
    assert not any(each.problems for each in (pointer, *generations, log))


def test_a_folder_without_live_changes_is_whole(tmp_path: Path) -> None:
    publish_tiny(tmp_path / "data", "first")

    assert problems(tmp_path / "data") == []


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_each_file_of_each_generation_that_was_damaged_is_named(
    data: Path, harm: Callable[[Path], None]
) -> None:
    files = list((data / "generations").rglob("file.bin"))
    for path in files:
        whole = path.read_bytes()
        harm(path)
        (problem,) = problems(data)
        assert str(path) in problem
        path.write_bytes(whole)

    assert len(files) == 14
    assert problems(data) == []


def test_every_bit_of_a_manifest_that_means_something_is_watched(data: Path) -> None:
    """A blank between two values means nothing, and neither does the newline at the end."""
    generation = DataFolder(data).open_active()
    path, before = generation.folder / "manifest.json", generation.manifest
    whole = path.read_bytes()
    named = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        told = problems(data)
        named += bool(told)
        if told:
            assert [problem.split()[0] for problem in told] == [str(path)]
        else:
            assert Manifest.read(path) == before
    assert named > len(whole) / 7 / 2


@pytest.mark.parametrize("content", [None, b"", b'{"format_version": 1, "id": "g', b"{}"])
def test_a_manifest_that_cannot_be_read_is_named(data: Path, content: bytes | None) -> None:
    path = data / "generations" / DataFolder(data).open_active().id / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    told = problems(data)

    assert any(problem.startswith(str(path)) for problem in told)


def test_a_generation_whose_removal_was_cut_off_is_no_damage(data: Path) -> None:
    """What an interrupted removal leaves has no manifest; one that is needed has to have it."""
    unused = publish_tiny(data, "unused", activate=False)
    (data / "generations" / unused / "manifest.json").unlink()

    assert problems(data) == []


def test_all_files_that_are_damaged_are_named_at_once(data: Path) -> None:
    damaged = [path for path in (data / "generations").rglob("file.bin") if "graph" not in path.parts]
    for path in damaged:
        flip(path)

    told = problems(data)

    assert len(told) == len(damaged) == 12
    assert all(any(str(path) in problem for problem in told) for path in damaged)


def test_a_file_of_another_shop_is_named(data: Path, tmp_path: Path) -> None:
    publish_tiny(tmp_path / "other", "other")
    change(tmp_path / "other", 1, 2, 3)
    (ours, *_), (theirs,) = ((each / "generations").iterdir() for each in (data, tmp_path / "other"))
    for name in ("vectors/more/file.bin", "graph/more/file.bin"):
        shutil.copy(theirs / name, ours / name)
    shutil.copy(tmp_path / "other" / "live" / MARK, data / "live" / MARK)

    told = problems(data)

    assert len(told) == 3
    assert told[-1].startswith(f"{data / 'live' / DATABASE} is not the log that {MARK} beside it belongs to")


@pytest.mark.parametrize("name", [DATABASE, MARK])
@pytest.mark.parametrize("harm", [empty, scramble, Path.unlink], ids=["emptied", "scrambled", "removed"])
def test_a_damaged_change_log_is_named(data: Path, name: str, harm: Callable[[Path], None]) -> None:
    path = data / "live" / name
    harm(path)

    (problem,) = problems(data)

    assert problem.startswith(f"{path} ")


@pytest.mark.parametrize(
    "content", [None, b"", b'{"active": "g-1", "prev', b'{"active": "g-1", "previous": []}']
)
def test_a_pointer_that_points_nowhere_is_named(data: Path, content: bytes | None) -> None:
    path = data / "current.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    (problem,) = problems(data)

    assert problem.startswith(str(path))


def test_a_folder_is_checked_while_a_server_writes_to_it(data: Path) -> None:
    log = ChangeLog.open(data / "live")
    commit(log, 4)

    assert problems(data) == []
    log.close()


def test_what_is_no_data_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no data folder at"):
        list(check_data(tmp_path))


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_a_whole_backup_is_whole(data: Path, tmp_path: Path, name: str) -> None:
    back_up(DataFolder(data), partial(destination_at, tmp_path / name), every=True)

    with open_source(tmp_path / name) as source:
        (verdict,) = check_backup(source)

    assert verdict.problems == ()
    assert verdict.evidence.startswith("18 files match their SHA-256: generation g")
    assert "live changes up to 6, of 20" in verdict.evidence


def test_all_damaged_files_of_a_backup_are_named_at_once(data: Path, tmp_path: Path) -> None:
    back_up(DataFolder(data), partial(destination_at, tmp_path / "backup"))
    damaged = list((tmp_path / "backup").glob("generations/*/*/more/file.bin"))
    for path, harm in zip(damaged, HARM.values(), strict=False):
        harm(path)

    with open_source(tmp_path / "backup") as source:
        (verdict,) = check_backup(source)

    assert [problem.split()[0] for problem in sorted(verdict.problems)] == sorted(
        str(path) for path in damaged[: len(HARM)]
    )
