"""A generation's store with live changes written into it: a copy made of hard links, in a scratch folder.

RocksDB never changes a file of statements once it is written, so that a copy costs a few small files, and so
does each copy of the copy, which a process then reads for itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Protocol

from pyoxigraph import RdfFormat, Store

from engine.backends.graph_store import DAMAGED, UNREADABLE, open_store
from engine.backends.scratch_folder import ScratchFolder
from engine.backends.storage_failure import of_system
from engine.errors import DamagedGenerationError, EngineError
from engine.graph_values import Statement, TermKind

_PREFIX = "cartograph-live-graph-"
_PRODUCTS_AT_A_TIME = 5_000
"""Written at once: fewer would be more files, more some 20 MB of text."""
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
_UNTOLD = -1


class GraphChanges(Protocol):
    """What products say that the generation does not, or says no more."""

    @property
    def version(self) -> int:
        """Grows with every change of a statement; 0 while there is none."""
        ...

    def products(self) -> Iterable[tuple[str, int | None]]:
        """Ids of products of which the generation's statements hold no more, each with a number of what it
        says now, None for nothing.
        """
        ...

    def node(self, product_id: str) -> str: ...

    def of(self, iri: str) -> Sequence[Statement]:
        """What a product says now."""
        ...


class LiveStore:
    """Follows the changes of one generation. For one thread at a time; nothing of it outlives the process."""

    def __init__(self, base: Path, scratch: Path | None = None) -> None:
        """Costs nothing until the first copy. All is written into a folder of its own inside `scratch`, the
        system's folder for temporary files if None.
        """
        self._base = base
        self._within = scratch
        self._folder: ScratchFolder | None = None
        self._store: Store | None = None
        self._written: Path | None = None
        self._told: dict[str, int | None] = {}
        self._places = count()
        self.version = 0
        """Of the changes that the newest copy has."""

    def copy(self, changes: GraphChanges) -> Path:
        """A folder that the caller may read and has to remove: a store with these changes, or with later ones
        when they were asked for before.

        Raises StorageError and StorageFullError when it cannot be written, DamagedGenerationError when the
        generation's store cannot be read. Then all begins anew with the next call.
        """
        try:
            store, folder = self._opened()
            if changes.version > self.version:
                self._write(store, changes)
                self.version = changes.version
            path = self._place(folder)
            store.backup(path)
        except UNREADABLE as error:
            self._forget()
            raise self._failure(error) from error
        return path

    def close(self) -> None:
        """Remove everything, copies too. Safe to call twice."""
        self._forget()
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _opened(self) -> tuple[Store, Path]:
        if self._folder is None:
            self._folder = ScratchFolder(_PREFIX, self._within)
        if self._store is None:
            self._written = self._place(self._folder.path)
            open_store(self._base).backup(self._written)
            self._store = Store(self._written)
        return self._store, self._folder.path

    def _forget(self) -> None:
        """What was written, but not the copies, which others read."""
        self._store = None
        self._told = {}
        self.version = 0
        if self._written is not None:
            shutil.rmtree(self._written, ignore_errors=True)
            self._written = None

    def _failure(self, error: OSError | RuntimeError) -> EngineError:
        if str(error).startswith(DAMAGED):
            return DamagedGenerationError(self._base, f"is damaged ({error})")
        known = error if isinstance(error, OSError) else OSError(str(error))
        return of_system(Path(known.filename or (self._folder.path if self._folder else self._base)), known)

    def _place(self, folder: Path) -> Path:
        return folder / f"{next(self._places)}"

    def _write(self, store: Store, changes: GraphChanges) -> None:
        waiting = [each for each in changes.products() if self._told.get(each[0], _UNTOLD) != each[1]]
        for start in range(0, len(waiting), _PRODUCTS_AT_A_TIME):
            some = waiting[start : start + _PRODUCTS_AT_A_TIME]
            iris = [changes.node(product_id) for product_id, _ in some]
            for end in ("subject", "object"):
                store.update(_removal(end, iris))
            lines = "".join(_line(each) for iri in iris for each in changes.of(iri))
            if lines:
                # Straight into files, with neither a log nor tables in memory; unlike `bulk_extend`, it lets
                # other threads run meanwhile.
                store.bulk_load(lines.encode(), RdfFormat.N_QUADS, lenient=True)
            self._told.update(some)


def _removal(end: str, iris: Sequence[str]) -> str:
    """Of all statements that have one of these as their "subject", or as their "object"."""
    nodes = " ".join(f"<{iri}>" for iri in iris)
    statement = "GRAPH ?graph { ?subject ?predicate ?object }"
    return f"DELETE {{ {statement} }} WHERE {{ VALUES ?{end} {{ {nodes} }} {statement} }}"


def _line(statement: Statement) -> str:
    """As N-Quads."""
    thing = statement.object
    if thing.kind is TermKind.IRI:
        end = f"<{thing.value}>"
    else:
        language = f"@{thing.language}" if thing.language else ""
        end = f'"{thing.value.translate(_ESCAPES)}"{language}'
    return f"<{statement.subject}> <{statement.predicate}> {end} <{statement.source}> .\n"
