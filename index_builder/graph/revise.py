"""Writes the store of a graph: anew, or as a revision of the one before that touches only what changed.

A statement lives as long as its source makes it: what the new build does not say is removed, what it says
for the first time is added, the rest is not written again: the new store is a RocksDB checkpoint of the old
one, hard links to the same files, to which a few small files come. (It is not optimised after, which would
rewrite every file.) Each run leaves a PROV activity in a named graph of its own (`upkeep.history`).
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pyoxigraph
from pyoxigraph import NamedNode, Quad

from index_builder.graph.upkeep.bulk import load_lines, parsed
from index_builder.graph.upkeep.history import RUN, Run, forget_oldest, kept_quads, runs_of, told

MAX_CHANGED_SHARE = 0.5
"""Above this share of changed statements a bulk load is quicker than a revision."""
COMPACT_EVERY = 10
"""Runs after which the store is loaded anew, so that small files and removed statements do not pile up."""
_UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error)
_DAMAGED = (OSError, RuntimeError)
"""What Oxigraph raises for a store that is missing, and for one that is damaged."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The graph that a revision starts from: its generation's id, its N-Quads file, its store."""

    generation_id: str
    quads: Path
    store: Path


@dataclass(frozen=True, slots=True)
class Revision:
    """Statements added, removed and kept; `previous` is the generation compared with, `number` counts the
    runs behind the store. `reloaded` says why all statements were written again, "" when they were not.
    """

    previous: str
    added: int
    removed: int
    kept: int
    number: int = 1
    reloaded: str = ""


class _CannotReviseError(Exception):
    """Says why the previous graph is no ground to build on."""


def write_store(lines: Sequence[str], folder: Path, previous: Previous | None = None) -> Revision | None:
    """Write sorted N-Quads lines, each once, into a new store. With `previous` the result is told, None
    without. A previous graph that is damaged or missing is no error: everything is loaded, and `reloaded`
    says so.
    """
    if previous is None:
        load_lines(lines, folder)
        return None
    history: list[Quad] = []
    try:
        before, earlier = _read(previous.quads), _open(previous.store)
        added, removed = changes(before, lines)
        number = max((run.number for run in runs_of(earlier)), default=0) + 1
        kept = len(lines) - len(added)
        revision = Revision(previous.generation_id, len(added), len(removed), kept, number)
        history = list(kept_quads(earlier))
        reason = _why_reload(revision, len(lines))
        if not reason:
            _revise(earlier, added, removed, revision, folder)
            return revision
    except _CannotReviseError as error:
        reason = str(error)
        shutil.rmtree(folder, ignore_errors=True)
        if not history:
            revision = Revision(previous.generation_id, len(lines), 0, 0)
    revision = replace(revision, reloaded=reason)
    load_lines(lines, folder, [*history, *told(_run(revision), revision.previous)])
    return revision


def lines_before(previous: Previous) -> list[str]:
    """What a previous graph says, as sorted lines of N-Quads; nothing if it is damaged or missing."""
    try:
        return _read(previous.quads)
    except _CannotReviseError:
        return []


def changes(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], list[str]]:
    """What is only in `after`, and what is only in `before`, of two sorted sequences without repetition.

    >>> changes(["a", "b"], ["b", "c"])
    (['c'], ['a'])
    """
    added, removed = [], []
    old, new = iter(before), iter(after)
    left, right = next(old, None), next(new, None)
    while left is not None or right is not None:
        if left == right:
            left, right = next(old, None), next(new, None)
        elif right is None or (left is not None and left < right):
            removed.append(str(left))
            left = next(old, None)
        else:
            added.append(right)
            right = next(new, None)
    return added, removed


def _why_reload(revision: Revision, total: int) -> str:
    if revision.added + revision.removed > MAX_CHANGED_SHARE * max(1, total):
        return "most statements changed"
    return "" if revision.number % COMPACT_EVERY else f"every {COMPACT_EVERY}th run packs the files"


def _revise(
    earlier: pyoxigraph.Store, added: Sequence[str], removed: Sequence[str], revision: Revision, folder: Path
) -> None:
    """Raises _CannotReviseError when the outcome does not hold as many statements as it should: then the
    previous store was not what its N-Quads say.
    """
    try:
        earlier.backup(str(folder))
        store = pyoxigraph.Store(folder)
        for quad in parsed(removed):
            store.remove(quad)
        store.bulk_extend(parsed(added))
        for graph in {quad.graph_name for quad in parsed(removed)}:
            if next(store.quads_for_pattern(None, None, None, graph), None) is None:
                store.remove_graph(graph)
        store.extend(told(_run(revision), revision.previous))
        forget_oldest(store)
        store.flush()
    except _DAMAGED as error:
        raise _CannotReviseError(f"the store of {revision.previous} cannot be copied") from error
    history = sum(1 for run in runs_of(store) for _ in _of_graph(store, run.graph))
    if len(store) != revision.kept + revision.added + history:
        raise _CannotReviseError(f"the store of {revision.previous} is not what its statements file says")


def _run(revision: Revision) -> Run:
    what = f"{revision.added} added, {revision.removed} removed, {revision.kept} kept"
    label = f"revised {revision.previous}: {what}"
    if revision.reloaded:
        label += f" (all loaded anew: {revision.reloaded})"
    return Run(revision.number, f"{RUN}{revision.number}:after:{revision.previous}", label)


def _read(path: Path) -> list[str]:
    """The lines of a previous graph, which its manifest does not vouch for here: sorted, or of no use."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            lines = [line.removesuffix("\n") for line in file]
    except _UNREADABLE as error:
        raise _CannotReviseError(f"{path.name} is missing or damaged") from error
    if any(one >= two for one, two in pairwise(lines)):
        raise _CannotReviseError(f"{path.name} is not in order")
    return lines


def _open(folder: Path) -> pyoxigraph.Store:
    try:
        return pyoxigraph.Store.read_only(str(folder))
    except _DAMAGED as error:
        raise _CannotReviseError(f"the previous {folder.name} is missing or damaged") from error


def _of_graph(store: pyoxigraph.Store, graph: str) -> Iterator[Quad]:
    return store.quads_for_pattern(None, None, None, NamedNode(graph))
