"""Writes the store of a graph: anew, or as a revision of the one before that touches only what changed.

A statement lives as long as its source makes it: what the new build does not say is removed, what it says
for the first time is added, the rest is not written again (the copy shares files with the old store). Each
revision leaves a PROV activity in a named graph of its own, so that a store tells its history.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph
from pyoxigraph import Quad, RdfFormat

from index_builder.graph.vocabulary import PROV, RDF_TYPE, RDFS_LABEL, ROOT, Term, node_iri

MAX_CHANGED_SHARE = 0.5
"""Above this share of changed statements a bulk load is quicker than a revision."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The graph that a revision starts from: its generation's id, its N-Quads file, its store."""

    generation_id: str
    quads: Path
    store: Path


@dataclass(frozen=True, slots=True)
class Revision:
    """Statements added, removed and kept; `previous` is the generation compared with."""

    previous: str
    added: int
    removed: int
    kept: int


def write_store(lines: Sequence[str], folder: Path, previous: Previous | None = None) -> Revision | None:
    """Write sorted N-Quads lines into a new store. With `previous` the result is told, None without."""
    if previous is None:
        _load(lines, folder)
        return None
    added, removed = changes(_read(previous.quads), lines)
    kept = len(lines) - len(added)
    revision = Revision(previous.generation_id, len(added), len(removed), kept)
    if len(added) + len(removed) > MAX_CHANGED_SHARE * max(1, len(lines)):
        _load(lines, folder)
        store = pyoxigraph.Store(folder)
    else:
        pyoxigraph.Store.read_only(str(previous.store)).backup(str(folder))
        store = pyoxigraph.Store(folder)
        for quad in _parse(removed):
            store.remove(quad)
        store.bulk_extend(_parse(added))
    store.extend(_parse(_activity(revision)))
    store.optimize()
    store.flush()
    return revision


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


def _load(lines: Sequence[str], folder: Path) -> None:
    store = pyoxigraph.Store(folder)
    store.bulk_load(io.BufferedReader(_Stream(lines), 1 << 20), RdfFormat.N_QUADS, lenient=True)
    store.optimize()
    store.flush()


class _Stream(io.RawIOBase):
    """The lines as a file, a chunk at a time: a million statements are not joined into one text."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # bytes-like
        while len(self._left) < len(buffer):
            line = next(self._lines, None)
            if line is None:
                break
            self._left += line.encode() + b"\n"
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _read(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


def _parse(lines: Sequence[str]) -> Iterator[Quad]:
    for quad in pyoxigraph.parse("\n".join(lines).encode(), RdfFormat.N_QUADS, lenient=True):
        assert isinstance(quad, Quad)  # noqa: S101 - what N-Quads are parsed to
        yield quad


def _activity(revision: Revision) -> list[str]:
    run = f"{ROOT}run:after:{revision.previous}"
    graph = f"<{run}>"
    told = f"revised {revision.previous}: {revision.added} added, {revision.removed} removed"
    return [
        f"<{run}> <{RDF_TYPE}> <{Term.ACTIVITY}> {graph} .",
        f"<{run}> <{PROV}used> <{node_iri('generation', revision.previous)}> {graph} .",
        f'<{run}> <{RDFS_LABEL}> "{told}" {graph} .',
    ]
