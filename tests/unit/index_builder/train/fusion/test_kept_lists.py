from __future__ import annotations

from pathlib import Path

import numpy as np

from index_builder.train.fusion.graded_list import PARTS, GradedList
from index_builder.train.fusion.kept_lists import BLOCK, PATTERN, KeptLists


def made(count: int) -> list[GradedList]:
    """Of all sizes, none among them."""
    chance = np.random.default_rng(1)
    return [
        GradedList(
            chance.random((size, len(PARTS))),
            chance.random(size),
            chance.random(size) < 0.5,
            np.sort(chance.random(size // 2 + 1))[::-1],
            float(size),
        )
        for size in range(count)
    ]


def test_lists_come_back_bit_for_bit_in_whole_blocks(tmp_path: Path) -> None:
    lists, kept = made(2 * BLOCK + 3), KeptLists(tmp_path)
    for count in range(1, len(lists) + 1):
        kept.keep(lists[:count])

    found = kept.read()

    assert len(found) == 2 * BLOCK
    for one, other in zip(found, lists, strict=False):
        for name in ("parts", "grades", "judged", "all_grades", "weight"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_without_a_folder_nothing_is_kept() -> None:
    kept = KeptLists(None)
    kept.keep(made(BLOCK))

    assert kept.read() == []


def test_files_are_what_a_new_run_drops(tmp_path: Path) -> None:
    KeptLists(tmp_path).keep(made(BLOCK))

    assert [path.match(PATTERN) for path in tmp_path.iterdir()] == [True]
