"""Opens the graph's store to be read, and reads it: what is damaged is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyoxigraph
from pyoxigraph import NamedNode, Quad

from engine.errors import DamagedGenerationError

UNREADABLE = (OSError, RuntimeError)
"""What Oxigraph raises for files that are missing, and for those that are damaged."""
DAMAGED = "Corruption"
"""How RocksDB begins to say that a block is not what was written; a RuntimeError like those of evaluation."""


def open_store(folder: Path) -> pyoxigraph.Store:
    """Read-only: any number of processes may open one folder. Raises DamagedGenerationError."""
    try:
        return pyoxigraph.Store.read_only(str(folder))
    except UNREADABLE as error:
        raise DamagedGenerationError(folder, "is not a readable Oxigraph store") from error


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Damage shows when the block is read that has it: DamagedGenerationError naming the store."""
    try:
        yield
    except UNREADABLE as error:
        raise DamagedGenerationError(folder, f"is damaged ({error})") from error


def quads(
    store: pyoxigraph.Store,
    folder: Path,
    subject: NamedNode | None,
    predicate: NamedNode | None,
    thing: NamedNode | None,
) -> Iterator[Quad]:
    """Statements of a store that was opened from `folder`; None stands for anything. Raises
    DamagedGenerationError, on the way too.
    """
    with reading(folder):
        yield from store.quads_for_pattern(subject, predicate, thing)
