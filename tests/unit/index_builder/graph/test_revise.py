"""A revised store says what a new one would say, and touches only what changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index_builder.graph import revise
from index_builder.graph.export import write_quads
from index_builder.graph.revise import Previous, Revision, changes, write_store
from index_builder.graph.upkeep import history
from index_builder.graph.upkeep.history import runs_of

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
    assert revision == Revision("g1", 80, 100, 0, reloaded="most statements changed")
    assert statements(tmp_path / "after") == set(after)


def revised(lines: list[str], folder: Path, name: str, previous: Previous) -> tuple[Revision, Previous]:
    """A further generation, as a build leaves it."""
    revision = write_store(lines, folder / name, previous)
    assert revision is not None
    write_quads(lines, folder / f"{name}.nq.gz")
    return revision, Previous(name, folder / f"{name}.nq.gz", folder / name)


def test_each_run_is_told_in_a_named_graph_of_its_own(
    before: tuple[list[str], Previous], tmp_path: Path
) -> None:
    lines, previous = before
    _, second = revised(lines[1:], tmp_path, "g2", previous)
    _, third = revised(lines[2:], tmp_path, "g3", second)
    _, fourth = revised([line(0, 0)], tmp_path, "g4", third)  # loaded anew, and still no history is lost
    found = runs_of(pyoxigraph.Store.read_only(str(fourth.store)))
    assert [(run.number, run.graph) for run in found] == [
        (1, "urn:cartograph:run:1:after:g1"),
        (2, "urn:cartograph:run:2:after:g2"),
        (3, "urn:cartograph:run:3:after:g3"),
    ]
    assert found[0].label == "revised g1: 0 added, 1 removed, 99 kept"
    assert found[2].label.endswith("(all loaded anew: most statements changed)")
    assert runs(fourth.store) == {run.graph for run in found}


def test_history_is_bounded_and_files_are_packed_now_and_then(
    before: tuple[list[str], Previous], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_RUNS", 3)
    monkeypatch.setattr(revise, "COMPACT_EVERY", 4)
    lines, previous = before
    reloaded = {}
    for run in range(1, 6):
        lines = [*lines[1:], line(1000 + run, 0)]
        revision, previous = revised(lines, tmp_path, f"g{run + 1}", previous)
        reloaded[revision.number] = revision.reloaded
    found = runs_of(pyoxigraph.Store.read_only(str(previous.store)))
    assert [run.number for run in found] == [3, 4, 5]
    assert statements(previous.store) == set(lines)
    assert {number: why for number, why in reloaded.items() if why} == {4: "every 4th run packs the files"}


def test_statements_that_stay_are_not_written_again(tmp_path: Path) -> None:
    lines = sorted(line(subject, thing) for subject in range(2000) for thing in range(5))
    write_quads(lines, tmp_path / "g1.nq.gz")
    write_store(lines, tmp_path / "g1")
    previous = Previous("g1", tmp_path / "g1.nq.gz", tmp_path / "g1")
    _, after = revised([*lines[20:], line(9000, 0)], tmp_path, "g2", previous)
    old = {path.stat().st_ino: path.stat().st_size for path in previous.store.glob("*.sst")}
    files = [path.stat() for path in after.store.glob("*.sst")]
    shared = sum(file.st_size for file in files if file.st_ino in old)
    # RocksDB merges small files in the background, here some of nine of 100 kB; a load anew would share none.
    assert shared > 0.3 * sum(old.values())


def test_a_named_graph_that_lost_its_last_statement_is_gone(
    before: tuple[list[str], Previous], tmp_path: Path
) -> None:
    lines, previous = before
    other = "<urn:s> <urn:p> <urn:o> <urn:other> ."
    _, second = revised([*lines, other], tmp_path, "g2", previous)
    assert "urn:other" in runs(second.store)
    _, third = revised(lines, tmp_path, "g3", second)
    assert "urn:other" not in runs(third.store)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda previous: previous.quads.unlink(), "before.nq.gz is missing or damaged"),
        (lambda previous: cut(previous.quads), "before.nq.gz is missing or damaged"),
        (lambda previous: previous.quads.write_bytes(b"no gzip"), "before.nq.gz is missing or damaged"),
        (lambda previous: shutil.rmtree(previous.store), "the previous before is missing or damaged"),
        (lambda previous: cut(previous.store / "CURRENT"), "the previous before is missing or damaged"),
        (
            lambda previous: write_quads([line(1, 1), line(0, 0)], previous.quads),
            "before.nq.gz is not in order",
        ),
        (
            lambda previous: write_quads(
                sorted([line(99, 0), *(line(number, number + 1) for number in range(100))]), previous.quads
            ),
            "the store of g1 is not what its statements file says",
        ),
    ],
)
def test_a_previous_graph_that_is_damaged_costs_a_full_load_and_says_so(
    before: tuple[list[str], Previous],
    tmp_path: Path,
    damage: Callable[[Previous], object],
    why: str,
) -> None:
    lines, previous = before
    damage(previous)
    after = sorted([*lines[2:], line(99, 0)])
    revision = write_store(after, tmp_path / "after", previous)
    assert revision is not None
    assert revision.reloaded == why
    assert statements(tmp_path / "after") == set(after)
    assert len(runs(tmp_path / "after")) == 1


lines_of_a_graph = st.lists(st.text("abc", min_size=1, max_size=3), unique=True).map(sorted)


@given(before=lines_of_a_graph, after=lines_of_a_graph)
def test_changes_lead_from_one_to_the_other(before: list[str], after: list[str]) -> None:
    added, removed = changes(before, after)
    assert sorted((set(before) - set(removed)) | set(added)) == after
    assert not set(added) & set(before)
    assert set(removed) <= set(before)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=3)
quads = st.builds(
    "<urn:s:{}> <urn:p:{}> {} <urn:g:{}> .".format,
    st.sampled_from("abc"),
    st.sampled_from("pq"),
    st.one_of(
        st.sampled_from(["<urn:o:1>", "<urn:o:2>"]),
        texts.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'),
    ),
    st.sampled_from("gh"),
)
graphs = st.lists(quads, unique=True, max_size=20).map(sorted)


@settings(max_examples=8, deadline=None)
@given(first=graphs, second=graphs)
def test_a_revision_of_anything_is_what_a_new_load_is(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("revisions")
    write_quads(first, folder / "g1.nq.gz")
    write_store(first, folder / "g1")
    _, after = revised(second, folder, "g2", Previous("g1", folder / "g1.nq.gz", folder / "g1"))
    new = pyoxigraph.Store()
    new.load("\n".join(second).encode(), pyoxigraph.RdfFormat.N_QUADS)
    assert statements(after.store) == {f"{quad} ." for quad in new}
    assert runs(after.store) == {name.value for name in new.named_graphs()} | {
        "urn:cartograph:run:1:after:g1"
    }
