"""What a killed `train fusion` needs to go on: the lists that it has collected, in blocks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.files import write_atomically
from index_builder.train.fusion.graded_list import GradedList

PATTERN = "lists-*.npz"
BLOCK = 20
"""Lists in a file: a few seconds of searching, that a killed run may lose."""


@dataclass(frozen=True, slots=True)
class KeptLists:
    """Files in `folder`, each written whole or not at all; None keeps nothing."""

    folder: Path | None

    def read(self) -> list[GradedList]:
        """In the order in which they were collected, from the first one."""
        lists: list[GradedList] = []
        if self.folder is not None:
            while (path := _block(self.folder, len(lists))).is_file():
                lists += _unpacked(path)
        return lists

    def keep(self, lists: Sequence[GradedList]) -> None:
        """To be called whenever `lists`, all that were collected, have grown by one."""
        if self.folder is not None and len(lists) % BLOCK == 0:
            first = len(lists) - BLOCK
            write_atomically(_block(self.folder, first), _packed(lists[first:]))


def _block(folder: Path, first: int) -> Path:
    return folder / PATTERN.replace("*", f"{first:06d}")


def _packed(lists: Sequence[GradedList]) -> bytes:
    content = io.BytesIO()
    np.savez(
        content,
        parts=np.concatenate([each.parts for each in lists]),
        grades=np.concatenate([each.grades for each in lists]),
        judged=np.concatenate([each.judged for each in lists]),
        all_grades=np.concatenate([each.all_grades for each in lists]),
        ends=np.cumsum([[len(each.grades), len(each.all_grades)] for each in lists], axis=0),
        weights=np.array([each.weight for each in lists]),
    )
    return content.getvalue()


def _unpacked(path: Path) -> list[GradedList]:
    with np.load(path, allow_pickle=False) as stored:
        found, graded = stored["ends"][:-1].T
        columns = (
            np.split(stored["parts"], found),
            np.split(stored["grades"], found),
            np.split(stored["judged"], found),
            np.split(stored["all_grades"], graded),
            stored["weights"].tolist(),
        )
    return [GradedList(*each) for each in zip(*columns, strict=True)]
