"""The tables of a taxonomy folder, line by line, gzipped or not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError
from index_builder.graph.ontologies.files import read_unzipped


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1, the heading included."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StatedAttribute:
    """As it stands in the file; `extends` is "" for none."""

    number: int
    id: str
    name: str
    values: tuple[str, ...]
    extends: str


def find_table(folder: Path, name: str) -> Path | None:
    """`name` or `name.gz`, None where neither is there."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Line]:
    """Tab-separated with a heading, no quoting. Raises DataError for a missing column and a short line."""
    lines = _lines(path)
    heading = next(lines, (1, ""))[1].split("\t")
    missing = [name for name in columns if name not in heading]
    if missing:
        raise DataError(path, f"has no column {missing[0]!r}, but {', '.join(heading)}.", line=1)
    for number, line in lines:
        cells = line.split("\t")
        if len(cells) != len(heading):
            raise DataError(path, f"has {len(cells)} cells instead of {len(heading)}.", line=number)
        yield Line(number, dict(zip(heading, (cell.strip() for cell in cells), strict=True)))


def read_attributes(path: Path) -> list[StatedAttribute]:
    """One JSON object a line. Raises DataError for a line that is none, and for an id stated twice."""
    found: dict[str, StatedAttribute] = {}
    for number, line in _lines(path):
        try:
            stated = json.loads(line)
            each = StatedAttribute(
                number,
                str(stated["attribute_id"]),
                str(stated["name"]),
                tuple(str(value) for value in stated.get("values") or ()),
                str(stated.get("extends") or ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(
                path, "is not a JSON object with attribute_id, name and values.", line=number
            ) from None
        if each.id in found:
            raise DataError(path, f"attribute_id {each.id!r} is stated twice.", line=number)
        found[each.id] = each
    return list(found.values())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of the lines that are not empty."""
    for number, line in enumerate(read_unzipped(path).split(b"\n"), start=1):
        if line.strip():
            try:
                yield number, line.decode("utf-8").lstrip("\ufeff").rstrip("\r")
            except UnicodeDecodeError as error:
                raise DataError(
                    path,
                    f"is not UTF-8 at byte {error.start + 1} of the line. Save it as UTF-8.",
                    line=number,
                ) from None
