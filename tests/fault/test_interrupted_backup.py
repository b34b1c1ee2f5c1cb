"""A process that is killed while it backs up or restores leaves the old state or the new, never a half."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from engine.backup.manifest import BACKUP
from engine.backup.restore import restore
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.errors import ConfigError, DamagedBackupError
from engine.generation import DataFolder
from tests.fault.dying import DIED, Lives, lives_of
from tests.tiny_data import State, change, publish_tiny, state_of

MOST_STEPS = 400


@dataclass
class Killer:
    lives: Lives

    def ends(self, action: str, source: Path, target: Path, step: int) -> int:
        return self.lives.end(action, source, target, step).code

    def at_every_step(
        self,
        action: str,
        source: Path,
        target: Path,
        prepare: Callable[[], None],
        examine: Callable[[], None],
    ) -> int:
        """How many deaths there were before it once came to its end."""
        for step in range(MOST_STEPS):
            prepare()
            status = self.ends(action, source, target, step)
            assert status in (0, DIED), f"ended with {status} at step {step}"
            examine()
            if status == 0:
                return step
        raise AssertionError(f"more than {MOST_STEPS} steps")


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with lives_of("tests.fault.dying_backup") as lives:
        yield Killer(lives)


@dataclass(frozen=True)
class Shop:
    """A data folder, a backup of how it was before, and both states."""

    data: Path
    backup: Path
    before: State
    now: State


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    data, backup = tmp_path / "data", tmp_path / "backup"
    publish_tiny(data, "first")
    change(data, 1, 2, 3)
    before = state_of(data)
    back_up(DataFolder(data), partial(destination_at, backup))
    publish_tiny(data, "second")
    change(data, 4)
    return Shop(data, backup, before, state_of(data))


def restored(backup: Path, copy: Path) -> State | None:
    """None where there is no backup, or an unfinished one."""
    shutil.rmtree(copy, ignore_errors=True)
    try:
        with open_source(backup) as source:
            restore(source, copy)
    except (ConfigError, DamagedBackupError):
        assert not copy.exists()
        return None
    return state_of(copy)


def test_a_backup_over_an_earlier_one_leaves_the_old_or_the_new(
    killer: Killer, shop: Shop, tmp_path: Path
) -> None:
    kept, seen = tmp_path / "kept", []
    shutil.copytree(shop.backup, kept)

    def prepare() -> None:
        shutil.rmtree(shop.backup)
        shutil.copytree(kept, shop.backup)

    def examine() -> None:
        seen.append(restored(shop.backup, tmp_path / "copy"))
        assert seen[-1] in (shop.before, shop.now)

    deaths = killer.at_every_step("backup", shop.data, shop.backup, prepare, examine)

    assert deaths > 20
    assert shop.before in seen
    assert seen.count(shop.now) > 1  # some came after the manifest was in its place


def test_a_first_backup_is_none_until_it_is_whole_and_the_next_one_clears_up(
    killer: Killer, shop: Shop, tmp_path: Path
) -> None:
    target, seen = tmp_path / "first", []

    def examine() -> None:
        seen.append(restored(target, tmp_path / "copy"))

    def nothing() -> None:
        """What the death before left stays where it is."""

    killer.ends("backup", shop.data, target, 0)
    for step in (3, 7, 12, 17, 21):
        killer.ends("backup", shop.data, target, step)
        examine()
    deaths = killer.at_every_step("backup", shop.data, target, nothing, examine)

    assert deaths > 0
    assert seen[0] is None
    assert set(map(str, seen)) <= {str(None), str(shop.now)}
    assert len(list(target.glob("generations/*"))) == len(list(target.glob("live-*"))) == 1
    assert {path.name for path in target.glob(".*")} == {".backup.lock"}
    assert (target / BACKUP).exists()


def test_a_file_is_there_whole_or_not_at_all(killer: Killer, shop: Shop, tmp_path: Path) -> None:
    target, seen = tmp_path / "shop.tar", []

    def examine() -> None:
        assert target.exists() == (restored(target, tmp_path / "copy") is not None)
        seen.append(target.exists())

    deaths = killer.at_every_step(
        "backup", shop.data, target, lambda: target.unlink(missing_ok=True), examine
    )

    assert deaths > 3
    assert seen[0] is False
    assert seen[-1] is True
    assert restored(target, tmp_path / "copy") == shop.now


def test_a_restore_leaves_the_old_folder_or_the_new_one_or_the_old_one_beside(
    killer: Killer, shop: Shop, tmp_path: Path
) -> None:
    """Killed between its two renames, the folder is not there, the old one is whole beside it, and the same
    command puts the new one in place.
    """
    kept, seen = tmp_path / "kept", []
    shutil.copytree(shop.data, kept)

    def prepare() -> None:
        for folder in (shop.data, *tmp_path.glob("data.replaced-*")):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept, shop.data)

    def examine() -> None:
        beside = [state_of(folder) for folder in tmp_path.glob("data.replaced-*")]
        state = state_of(shop.data) if shop.data.exists() else None
        seen.append(state)
        assert (state, beside) in ((shop.now, []), (None, [shop.now]), (shop.before, [shop.now]))
        if state is None:
            assert killer.ends("restore", shop.backup, shop.data, MOST_STEPS) == 0
            assert state_of(shop.data) == shop.before

    deaths = killer.at_every_step("restore", shop.backup, shop.data, prepare, examine)

    assert deaths > 20
    assert None in seen
    assert shop.before in seen
    assert not list(tmp_path.glob(".data.restoring"))
    assert restored(shop.backup, tmp_path / "copy") == shop.before
