"""Which generations are removed, and that one is never half there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.generation import MANIFEST, DataFolder, Generation
from index_builder.prune import prune
from tests.unit.test_generation import published


def names(data: Path) -> set[str]:
    return {folder.name for folder in (data / "generations").iterdir()}


@pytest.fixture
def four(tmp_path: Path) -> list[Generation]:
    """The oldest first; each was active in its turn."""
    return [published(tmp_path, name) for name in ("first", "second", "third", "fourth")]


def test_the_two_newest_stay(tmp_path: Path, four: list[Generation]) -> None:
    first, second, third, fourth = four

    pruned = prune(DataFolder(tmp_path), 2)

    assert pruned.removed == {first.id: pruned.removed[first.id], second.id: pruned.removed[second.id]}
    assert pruned.removed[first.id] > 0
    assert set(pruned.kept) == names(tmp_path) == {third.id, fourth.id}


def test_the_active_one_and_the_one_to_roll_back_to_stay_however_old(
    tmp_path: Path, four: list[Generation]
) -> None:
    first, second, third, fourth = four
    data = DataFolder(tmp_path)
    data.activate(second.id)
    data.activate(first.id)

    pruned = prune(data, 1)

    assert list(pruned.removed) == [third.id]
    assert names(tmp_path) == {first.id, second.id, fourth.id}
    assert data.roll_back().active == second.id


def test_one_that_a_server_has_opened_stays_until_it_lets_go(tmp_path: Path, four: list[Generation]) -> None:
    first, second, *_ = four

    with first.in_use():
        pruned = prune(DataFolder(tmp_path), 2)
        assert (pruned.in_use, list(pruned.removed)) == ((first.id,), [second.id])
        assert first.id in names(tmp_path)

    assert list(prune(DataFolder(tmp_path), 2).removed) == [first.id]


def test_one_that_was_just_built_stays_though_the_clock_was_set_back(
    tmp_path: Path, four: list[Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    built = published(tmp_path, "of 2001", activate=False)

    pruned = prune(DataFolder(tmp_path), 1, just_built=built.id)

    assert built.id in pruned.kept
    assert four[3].id in pruned.kept


def test_keeping_none_means_keeping_all(tmp_path: Path, four: list[Generation]) -> None:
    pruned = prune(DataFolder(tmp_path), 0)

    assert pruned.removed == {}
    assert set(pruned.kept) == names(tmp_path) == {each.id for each in four}


def test_a_dry_run_tells_and_removes_nothing(tmp_path: Path, four: list[Generation]) -> None:
    told = prune(DataFolder(tmp_path), 2, dry_run=True)

    assert len(names(tmp_path)) == 4
    assert prune(DataFolder(tmp_path), 2) == told


def test_what_an_interrupted_removal_left_is_removed_and_nothing_else(
    tmp_path: Path, four: list[Generation]
) -> None:
    (four[3].folder / MANIFEST).unlink()
    (tmp_path / "generations" / "notes").mkdir()
    DataFolder(tmp_path).activate(four[2].id)

    prune(DataFolder(tmp_path), 0)

    assert names(tmp_path) == {"notes", *(each.id for each in four[:3])}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may remove everything")
def test_what_cannot_be_removed_is_named(tmp_path: Path, four: list[Generation]) -> None:
    four[0].folder.chmod(0o500)
    try:
        with pytest.raises(ConfigError, match=rf"{four[0].id} cannot be removed: Permission denied\."):
            prune(DataFolder(tmp_path), 2)
    finally:
        four[0].folder.chmod(0o700)


def test_a_file_that_is_mapped_can_be_read_after_its_generation_is_gone(
    tmp_path: Path, four: list[Generation]
) -> None:
    """Of a server that reads without our lock, POSIX keeps what it has opened."""
    with (four[0].part("catalog") / "file.bin").open() as opened:
        prune(DataFolder(tmp_path), 2)

        assert opened.read() == "first"
