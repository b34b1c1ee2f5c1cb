"""The file that forces and forbids merges, and what is wrong with it by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DataError
from index_builder.graph.resolution.same_as import SameAs, read_same_as


def test_names_are_normalised_and_sorted(tmp_path: Path) -> None:
    path = tmp_path / "same.tsv"
    path.write_text(
        "name_a\tname_b\tverdict\n# ours\n\nZeta  Co\tALPHA\tsame\nx\ty\tApart\n", encoding="utf-8"
    )
    assert read_same_as(path) == SameAs(frozenset({("alpha", "zeta co")}), frozenset({("x", "y")}))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a\tb\n", 1, "2 columns instead of 3"),
        ("a\tb\tsame\na\tc\tequal\n", 2, "'equal' is neither same nor apart"),
        ("a\tA\tsame\n", 1, "two different names are needed"),
        ("a\tb\tsame\nb\ta\tapart\n", 2, "line 1 says same of these two names"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, line: int, problem: str) -> None:
    path = tmp_path / "same.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=problem) as caught:
        read_same_as(path)
    assert f"{path}:{line}:" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.tsv: is missing"):
        read_same_as(tmp_path / "none.tsv")
