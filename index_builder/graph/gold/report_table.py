"""The report on hand-made labels, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

_MEASURES = {"precision": "P", "recall": "R", "f1": "F1", "accuracy@1": "@1", "accuracy@3": "@3"}
_TITLES = {
    "entities": "entities read in titles",
    "relations": "relations read in titles and descriptions",
    "aliases": "names that mean the same",
    "categories": "categories of products",
}


def tables(splits: Mapping[str, Mapping[str, Any]]) -> Iterator[Table]:
    """What `measure_graph` gave: a table for each thing measured, with the splits side by side."""
    for part, title in _TITLES.items():
        rows = {split: dict(_rows(figures[part])) for split, figures in splits.items() if part in figures}
        if not rows:
            continue
        measures = [
            name for name in _MEASURES if any(name in row for each in rows.values() for row in each.values())
        ]
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("")
        for split in rows:
            for measure in measures:
                table.add_column(f"{split} {_MEASURES[measure]}", justify="right")
        for name in dict.fromkeys(name for each in rows.values() for name in each):
            cells = [
                f"{each[name][measure]:.3f}" if name in each else ""
                for each in rows.values()
                for measure in measures
            ]
            table.add_row(name, *cells)
        yield table


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    """The lines of a table: figures that stand alone, then those of each group, indented."""
    if any(name in figures for name in _MEASURES):
        yield "all", figures
        return
    for name, value in figures.items():
        if not isinstance(value, Mapping):
            continue
        if any(measure in value for measure in _MEASURES):
            yield name.replace("_", " "), value
        else:
            for inner, found in value.items():
                yield f"  {inner} alone" if name == "alone" else f"  {inner}", found
