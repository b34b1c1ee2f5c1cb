"""A backup of which anything was cut, flipped, lost or exchanged is named, and nothing of it is restored."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from engine.backup.check import check_backup
from engine.backup.restore import restore
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.errors import DamagedBackupError
from engine.generation import DataFolder
from tests.tiny_data import HARM, State, change, publish_tiny, state_of

FLIPS = 300


@pytest.fixture
def data(tmp_path: Path) -> Path:
    publish_tiny(tmp_path / "data", "first")
    change(tmp_path / "data", 1, 2, 3)
    return tmp_path / "data"


def take(data: Path, to: Path) -> Path:
    back_up(DataFolder(data), partial(destination_at, to))
    return to


def outcome(backup: Path, to: Path) -> State | DamagedBackupError:
    """What was restored; or the refusal, when there is nothing in place, finished or not."""
    shutil.rmtree(to, ignore_errors=True)
    try:
        with open_source(backup) as source:
            restore(source, to)
    except DamagedBackupError as error:
        assert not to.exists()
        assert not to.with_name(f".{to.name}.restoring").exists()
        return error
    return state_of(to)


def is_named(backup: Path) -> bool:
    """Whether a check finds damage."""
    try:
        with open_source(backup) as source:
            (verdict,) = check_backup(source)
    except DamagedBackupError:
        return True
    return bool(verdict.problems)


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_each_damaged_file_of_a_folder_is_named(
    data: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    backup = take(data, tmp_path / "backup")
    files = [path for path in backup.rglob("*") if path.is_file() and not path.name.startswith(".")]
    for path in files:
        whole = path.read_bytes()
        harm(path)
        refusal = outcome(backup, tmp_path / "copy")
        if refusal == state_of(data):  # a newline at the end of the manifest, which says nothing
            assert (path.name, harm) == ("backup.json", HARM["truncated"])
        else:
            assert isinstance(refusal, DamagedBackupError)
            assert refusal.message.startswith(f"{path} ")
        path.write_bytes(whole)

    assert len(files) == 11
    assert outcome(backup, tmp_path / "copy") == state_of(data)


def test_a_file_of_another_shop_is_named(data: Path, tmp_path: Path) -> None:
    backup = take(data, tmp_path / "backup")
    publish_tiny(tmp_path / "other", "other")
    change(tmp_path / "other", 1, 2, 3)
    other = take(tmp_path / "other", tmp_path / "theirs")
    ours = sorted(path for path in backup.rglob("*") if path.is_file() and path.name != ".backup.lock")
    theirs = sorted(path for path in other.rglob("*") if path.is_file() and path.name != ".backup.lock")
    for path, foreign in zip(ours, theirs, strict=True):
        whole = path.read_bytes()
        shutil.copy(foreign, path)
        assert isinstance(outcome(backup, tmp_path / "copy"), DamagedBackupError), path
        path.write_bytes(whole)


def test_a_flipped_bit_of_a_tar_file_is_noticed_or_harmless(data: Path, tmp_path: Path) -> None:
    """Harmless is a bit between the files, or of a time that nothing is made of."""
    backup, whole = take(data, tmp_path / "backup.tar"), state_of(data)
    content = backup.read_bytes()
    refused = 0
    for turn, bit in enumerate(np.random.default_rng(4).integers(0, len(content) * 8, FLIPS).tolist()):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        backup.write_bytes(damaged)
        named = is_named(backup)
        refused += named
        if turn % 10 == 0 or not named:
            found = outcome(backup, tmp_path / "copy")
            assert isinstance(found, DamagedBackupError) if named else found == whole, f"bit {bit}"

    assert refused > FLIPS // 4


def test_a_tar_file_that_was_cut_off_is_noticed(data: Path, tmp_path: Path) -> None:
    backup, whole = take(data, tmp_path / "backup.tar"), state_of(data)
    content = backup.read_bytes()
    padding = len(content) - len(content.rstrip(b"\0"))
    for length in (*np.linspace(0, len(content) - padding - 2, 60).astype(int).tolist(), 512, 1024, 4096):
        backup.write_bytes(content[:length])
        refusal = outcome(backup, tmp_path / "copy")
        assert isinstance(refusal, DamagedBackupError), f"{length} bytes went unnoticed"
        assert refusal.message.startswith(str(backup))

    backup.write_bytes(content)
    assert outcome(backup, tmp_path / "copy") == whole
