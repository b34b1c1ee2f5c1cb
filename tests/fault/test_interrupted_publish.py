"""A power cut at any step of publishing leaves the old generation active or the new one, both whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.generation import DataFolder
from tests.fault.dying import DIED, Lives, lives_of
from tests.small_shop import active_generation, link_generation

OLD, NEW = "g-old", "g-new"
STEPS = 6
"""Rename into place, its fsync, the pointer's bytes, its rename, its fsync: fewer than this."""


@dataclass(frozen=True)
class Shop:
    """`work` is a finished build, sealed but not yet published into `data`, where another is active."""

    data: Path
    work: Path
    lives: Lives

    def publish(self, steps: int) -> int:
        return self.lives.end(self.work, self.data, steps).code


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with lives_of("tests.fault.dying_publish") as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path, small_data: Path, lives: Lives) -> Shop:
    built = active_generation(small_data)
    data = tmp_path / "data"
    link_generation(built, data, name=OLD)
    DataFolder(data).activate(OLD)
    elsewhere = link_generation(built, tmp_path / "elsewhere", name=NEW)
    work = data / "building"
    shutil.move(elsewhere.folder, work)
    return Shop(data, work, lives)


@pytest.mark.parametrize("steps", range(STEPS))
def test_a_power_cut_leaves_a_whole_generation_active(shop: Shop, steps: int) -> None:
    code = shop.publish(steps)

    folder = DataFolder.open(shop.data)
    active = folder.open_active(verify=True)  # whole: every file matches its SHA-256
    listed = {info.id for info in folder.list()}
    assert active.id in (OLD, NEW)
    assert active.id in listed <= {OLD, NEW}
    assert code in (0, DIED)
    assert (active.id == NEW) or code == DIED


def test_the_power_cuts_cover_publishing_from_its_first_step_to_its_last(shop: Shop) -> None:
    assert shop.publish(0) == DIED
    assert DataFolder(shop.data).open_active(verify=False).id == OLD
    assert shop.work.exists()

    assert shop.publish(STEPS) == 0
    assert DataFolder(shop.data).open_active(verify=False).id == NEW
    assert not shop.work.exists()


def test_a_cut_between_the_rename_and_the_pointer_leaves_the_new_one_to_be_activated(shop: Shop) -> None:
    """One step done is the rename: the generation is there and whole, the pointer names the old one."""
    assert shop.publish(1) == DIED

    folder = DataFolder.open(shop.data)
    pointer = folder.pointer()
    assert pointer is not None
    assert pointer.active == OLD
    assert {(info.id, info.active) for info in folder.list()} == {(OLD, True), (NEW, False)}
    assert folder.activate(folder.open_generation(NEW, verify=True).id).active == NEW
