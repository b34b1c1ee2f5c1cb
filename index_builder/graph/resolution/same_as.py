"""A file in which an engineer forces or forbids merges."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError
from engine.text import normalise

_HEADER = ("name_a", "name_b")
_SAME, _APART = "same", "apart"


@dataclass(frozen=True, slots=True)
class SameAs:
    """Pairs of names in normal form, each sorted. They hold for every two nodes that bear them and may be
    compared (of one kind; values of one attribute).
    """

    same: frozenset[tuple[str, str]] = frozenset()
    apart: frozenset[tuple[str, str]] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for pair in self.same | self.apart for name in pair)


def read_same_as(path: Path) -> SameAs:
    """Lines of name_a, name_b and same or apart, tab separated; empty lines, those that begin with # and a
    header are left out. Raises DataError with the line for anything else, and for a pair said to be both.
    """
    said: dict[tuple[str, str], tuple[str, int]] = {}
    for line, cells in _lines(path):
        if len(cells) != 3:
            problem = f"{len(cells)} columns instead of 3: name_a, name_b, same or apart (tab separated)"
            raise DataError(path, problem, line=line)
        verdict = normalise(cells[2])
        if line == 1 and tuple(map(normalise, cells[:2])) == _HEADER:
            continue
        if verdict not in (_SAME, _APART):
            raise DataError(path, f"{cells[2]!r} is neither same nor apart", line=line)
        one, two = sorted(map(normalise, cells[:2]))
        if not one or one == two:
            raise DataError(path, "two different names are needed", line=line)
        before, place = said.setdefault((one, two), (verdict, line))
        if before != verdict:
            raise DataError(path, f"line {place} says {before} of these two names; keep one", line=line)
    return SameAs(
        frozenset(pair for pair, (verdict, _) in said.items() if verdict == _SAME),
        frozenset(pair for pair, (verdict, _) in said.items() if verdict == _APART),
    )


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, cells in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
                if cells and any(cells) and not cells[0].startswith("#"):
                    yield line, cells
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            path, "is missing or is not UTF-8 text; give a TSV of name_a, name_b, same|apart"
        ) from error
