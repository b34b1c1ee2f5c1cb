"""A revised store says what a new one would say, and touches only what changed."""

from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.export import write_quads
from index_builder.graph.revise import Previous, Revision, changes, write_store

GRAPH = "<urn:cartograph:graph:catalogue>"


def line(subject: int, thing: int) -> str:
    return f"<urn:s:{subject:04}> <urn:p> <urn:o:{thing:04}> {GRAPH} ."


def statements(folder: Path) -> set[str]:
    store = pyoxigraph.Store.read_only(str(folder))
    return {f"{quad} ." for quad in store if not quad.graph_name.value.startswith("urn:cartograph:run:")}


def runs(folder: Path) -> set[str]:
    return {name.value for name in pyoxigraph.Store.read_only(str(folder)).named_graphs()} - {GRAPH[1:-1]}


@pytest.fixture
def before(tmp_path: Path) -> tuple[list[str], Previous]:
    lines = [line(subject, subject + 1) for subject in range(100)]
    write_quads(lines, tmp_path / "before.nq.gz")
    assert write_store(lines, tmp_path / "before") is None
    return lines, Previous("g1", tmp_path / "before.nq.gz", tmp_path / "before")


def test_a_new_store_holds_every_line(before: tuple[list[str], Previous]) -> None:
    lines, previous = before
    assert statements(previous.store) == set(lines)


def test_a_revision_adds_what_is_new_and_removes_what_is_no_longer_said(
    before: tuple[list[str], Previous], tmp_path: Path
) -> None:
    lines, previous = before
    after = sorted([*lines[3:], line(500, 1), line(501, 1)])
    revision = write_store(after, tmp_path / "after", previous)
    assert revision == Revision("g1", added=2, removed=3, kept=97)
    assert statements(tmp_path / "after") == set(after)
    assert statements(previous.store) == set(lines), "the store before stays as it was"


def test_a_graph_that_mostly_changed_is_loaded_anew(
    before: tuple[list[str], Previous], tmp_path: Path
) -> None:
    after = [line(subject, 0) for subject in range(80)]
    revision = write_store(after, tmp_path / "after", before[1])
    assert revision == Revision("g1", added=80, removed=100, kept=0)
    assert statements(tmp_path / "after") == set(after)


def test_each_revision_is_told_in_a_named_graph_of_its_own(
    before: tuple[list[str], Previous], tmp_path: Path
) -> None:
    lines, previous = before
    write_store(lines[1:], tmp_path / "second", previous)
    write_quads(lines[1:], tmp_path / "second.nq.gz")
    second = Previous("g2", tmp_path / "second.nq.gz", tmp_path / "second")
    write_store(lines[2:], tmp_path / "third", second)
    assert runs(tmp_path / "third") == {"urn:cartograph:run:after:g1", "urn:cartograph:run:after:g2"}


lines_of_a_graph = st.lists(st.text("abc", min_size=1, max_size=3), unique=True).map(sorted)


@given(before=lines_of_a_graph, after=lines_of_a_graph)
def test_changes_lead_from_one_to_the_other(before: list[str], after: list[str]) -> None:
    added, removed = changes(before, after)
    assert sorted((set(before) - set(removed)) | set(added)) == after
    assert not set(added) & set(before)
    assert set(removed) <= set(before)
