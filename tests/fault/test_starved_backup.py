"""A disk that takes no more: one sentence, nothing that looks whole, and what was there before stays."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from engine.backup.manifest import BACKUP
from engine.backup.take import back_up, destination_at
from engine.generation import DataFolder
from tests.tiny_data import change, publish_tiny, state_of

ROOM = 80
"""KiB that a file may grow to: as on a full disk, the system refuses to write what is beyond."""


def starved(*arguments: object) -> str:
    """The one line that the command says before it fails."""
    command = ["bash", "-c", f'ulimit -f {ROOM}; exec "$@"', "bash", sys.executable, "-m", "engine"]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def data(tmp_path: Path) -> Path:
    publish_tiny(tmp_path / "data", "first", size=200_000)
    change(tmp_path / "data", 1)
    return tmp_path / "data"


def test_a_backup_that_finds_no_space_leaves_none_and_a_later_one_succeeds(
    data: Path, tmp_path: Path
) -> None:
    to = tmp_path / "to"

    said = starved("backup", "--data", data, "--to", to)

    assert said.startswith(f"python -m engine backup: {to}/generations/")
    assert said.endswith("found no space on the disk; make some and try again.")
    assert [path.name for path in to.iterdir() if path.is_file()] == [".backup.lock"]
    assert not list(to.glob("generations/*"))
    assert not list(to.glob("live-*"))
    assert back_up(DataFolder(data), partial(destination_at, to)).sequence == 2


def test_an_earlier_backup_stays_when_the_next_one_finds_no_space(data: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    back_up(DataFolder(data), partial(destination_at, to))
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    publish_tiny(data, "second", size=200_000)

    assert "found no space" in starved("backup", "--data", data, "--to", to)

    assert {path: path.read_bytes() for path in to.rglob("*") if path.is_file()} == before


def test_a_file_that_finds_no_space_is_not_left(data: Path, tmp_path: Path) -> None:
    to = tmp_path / "to" / "shop.tar"

    said = starved("backup", "--data", data, "--to", to)

    assert said == f"python -m engine backup: {to} found no space on the disk; make some and try again."
    assert list(to.parent.iterdir()) == []


def test_a_restore_that_finds_no_space_leaves_the_old_folder(data: Path, tmp_path: Path) -> None:
    to, before = tmp_path / "to", state_of(data)
    back_up(DataFolder(data), partial(destination_at, to))

    said = starved("restore", "--from", to, "--data", data, "--replace")

    assert said.endswith("found no space on the disk; make some and try again.")
    assert state_of(data) == before
    assert not list(tmp_path.glob(".data.restoring"))
    assert not list(tmp_path.glob("data.replaced-*"))
    assert (to / BACKUP).exists()
