"""`python -m engine backup | restore | check`: what an operator types and reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.__main__ import main
from tests.tiny_data import change, flip, publish_tiny, state_of

Output = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    publish_tiny(tmp_path / "data", "first")
    change(tmp_path / "data", 1, 2)
    return tmp_path / "data"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_backup_and_restore_say_what_they_did(data: Path, tmp_path: Path, capsys: Output) -> None:
    active = state_of(data)[0]

    assert run("backup", "--data", data, "--to", tmp_path / "to") == 0
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"Backed up generation {active}, live changes up to 4 (10 files, ")
    assert said.endswith(f" MB) to {tmp_path / 'to'}.")

    assert run("restore", "--from", tmp_path / "to", "--data", tmp_path / "copy") == 0
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"Restored generation {active}, live changes up to 4 (10 files, ")
    assert said.endswith(f" UTC, to {tmp_path / 'copy'}.")
    assert state_of(tmp_path / "copy") == state_of(data)


def test_backup_takes_all_generations(data: Path, tmp_path: Path, capsys: Output) -> None:
    publish_tiny(data, "second")

    assert run("backup", "--data", data, "--to", tmp_path / "all.tar", "--all") == 0

    assert " and 1 more, live changes up to 4 (18 files" in capsys.readouterr().out


def test_restore_replaces_when_told_so_and_says_where_the_old_folder_is(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    run("backup", "--data", data, "--to", tmp_path / "to")
    capsys.readouterr()

    assert run("restore", "--from", tmp_path / "to", "--data", data) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"python -m engine restore: {data} holds something already.")

    assert run("restore", "--from", tmp_path / "to", "--data", data, "--replace") == 0
    _, said = capsys.readouterr().out.splitlines()
    assert said.startswith(f"What was there is {data}.replaced-")


def test_a_place_inside_the_data_folder_is_refused(data: Path, capsys: Output) -> None:
    assert run("backup", "--data", data, "--to", data / "backups" / "today") == 1

    assert "is inside the data folder, and would be lost with it." in capsys.readouterr().err
    assert not (data / "backups").exists()


def test_check_says_what_is_whole_and_names_what_is_damaged(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    run("backup", "--data", data, "--to", tmp_path / "to")
    capsys.readouterr()
    assert run("check", "--data", data) == run("check", "--backup", tmp_path / "to") == 0
    whole = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split(" g")[0] for line in whole] == [
        "ok pointer",
        "ok",
        "ok change log",
        "ok events",
        "ok backup",
    ]

    (file,) = data.rglob("vectors/more/file.bin")
    flip(file)

    assert run("check", "--data", data) == 1
    damaged = [line for line in capsys.readouterr().out.splitlines() if line.startswith("DAMAGED")]
    assert len(damaged) == 1
    assert f": {file} does not match its SHA-256" in damaged[0]


def test_check_wants_to_know_what(capsys: Output) -> None:
    assert run("check") == 1

    assert "What is to be checked?" in capsys.readouterr().err


def test_check_takes_one_thing_at_a_time(data: Path, capsys: Output) -> None:
    assert run("check", "--data", data, "--backup", data) == 2

    assert "--data and --backup exclude each other" in capsys.readouterr().err
