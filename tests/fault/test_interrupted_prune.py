"""A power cut at any step of pruning leaves whole generations, and remains that are taken for none."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from engine.generation import DataFolder, Generation
from index_builder.prune import prune
from tests.fault.dying import DIED, Lives, lives_of
from tests.unit.test_generation import published


def test_a_power_cut_leaves_every_generation_whole_or_gone(tmp_path: Path) -> None:
    """The third is active, the second the one to roll back to: the first is removed."""
    with lives_of("tests.fault.dying_prune") as lives:
        steps = cut_at_every_step(lives, tmp_path)

    assert steps > 8  # the manifest and its flush, seven files at least, their folders


def cut_at_every_step(lives: Lives, tmp_path: Path) -> int:
    """How many there were before it came to its end."""
    for steps in count():
        folder = tmp_path / str(steps)
        first, second, third = (published(folder, name).id for name in ("first", "second", "third"))

        code = lives.end(folder, steps).code

        data = DataFolder(folder)
        listed = {info.id for info in data.list()}
        assert {second, third} <= listed <= {first, second, third}
        for each in listed:
            Generation.open(data.generations_folder / each)  # every file is there, with its SHA-256
        prune(data, 1)
        assert {path.name for path in data.generations_folder.iterdir()} == {second, third}
        assert data.roll_back().active == second
        if code == 0:
            return steps
        assert code == DIED
    raise AssertionError("it has no end")
