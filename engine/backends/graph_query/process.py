"""`python -m engine.backends.graph_query.process STORE MEMORY PARENT`: answers queries until stdin ends.

Opens the store read-only, shuts itself in, says {"ready": true} and answers one message at a time. MEMORY is
in bytes, PARENT the process to end with. Imports nothing heavy but Oxigraph.

A request is {"query", "union", "rows", "bytes", "seconds"}; or {"store"}, to open another in the place of the
first; or {} to see whether it lives. The last two are told {"ready": true} again. An answer is {"boolean"},
{"variables", "rows"}, {"triples"} or {"error": kind}, each with "seconds" and "tired"; a term is [kind,
value, language, datatype], or null. A process that is tired has grown so much that the next query might want
for memory; it is not asked again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from time import perf_counter
from typing import Any, BinaryIO

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions

from engine.backends.graph_query import sandbox
from engine.backends.graph_query.frames import packed, receive
from engine.backends.graph_store import DAMAGED, UNREADABLE

NICENESS = 10
"""Of 19: searches of shoppers come first when processors are scarce."""
GRACE = 1.0
"""Seconds after its time that a query which the server did not stop stops itself."""
TERM_BYTES = 16
"""What a term takes in a message beside its text, at most."""


class _TooMuch(Exception):  # noqa: N818 (a limit, not an error)
    """`limit` is "rows" or "bytes"."""

    def __init__(self, limit: str) -> None:
        self.limit = limit


class _Collector:
    """Counts the text of an answer while it is read, so that no more is read than may be sent."""

    def __init__(self, rows: int, size: int) -> None:
        self._rows, self._size = rows, size

    def collect(self, found: Iterable[Iterable[Any]]) -> list[list[list[str] | None]]:
        rows: list[list[list[str] | None]] = []
        for terms in found:
            if len(rows) == self._rows:
                raise _TooMuch("rows")
            rows.append([self._term(term) for term in terms])
        return rows

    def _term(self, term: Any) -> list[str] | None:
        """A variable without a value counts too: a thousand of them in every row are megabytes."""
        written = None if term is None else _written(term)
        self._size -= TERM_BYTES + sum(len(part.encode()) for part in written or ())
        if self._size < 0:
            raise _TooMuch("bytes")
        return written


def answer(store: pyoxigraph.Store, request: dict[str, Any]) -> dict[str, Any]:
    """The whole answer, or {"error"}."""
    collector = _Collector(request["rows"], request["bytes"])
    try:
        found = store.query(request["query"], use_default_graph_as_union=request["union"])
        if isinstance(found, QueryBoolean):
            return {"boolean": bool(found)}
        if isinstance(found, QuerySolutions):
            variables = [variable.value for variable in found.variables]
            return {"variables": variables, "rows": collector.collect(found)}
        return {"triples": collector.collect(found)}
    except _TooMuch as error:
        return {"error": error.limit}
    except MemoryError:
        return {"error": "memory"}
    except SyntaxError as error:
        return {"error": "syntax", "message": str(error)}
    except OSError as error:
        return {"error": "store", "message": str(error)}
    except (RuntimeError, ValueError) as error:
        kind = "store" if str(error).startswith(DAMAGED) else "evaluation"
        return {"error": kind, "message": str(error)}


def main(arguments: list[str]) -> int:
    path, memory, parent = arguments
    sandbox.die_with(int(parent))
    os.nice(NICENESS)
    send = _only_frames_on_stdout()
    store, told = _opened(path)
    if store is None:
        send(told)
        return 1
    sandbox.limit_memory(int(memory))
    sandbox.forbid_network()
    begin = sandbox.address_space()
    send(told)
    while (request := receive(sys.stdin.buffer)) is not None:
        if "store" in request:
            store = None  # its memory is free before the next one wants some
            store, told = _opened(request["store"])
        if store is None or "query" not in request:
            send(told)
            continue
        start = perf_counter()
        # The alarm's default action ends the process, inside native code too, should the server be gone.
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + GRACE)
        found = answer(store, request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        tired = sandbox.address_space() - begin > int(memory) // 2
        send({**found, "seconds": perf_counter() - start, "tired": tired})
    return 0


def _opened(path: str) -> tuple[pyoxigraph.Store | None, dict[str, Any]]:
    """With what the server is told of it."""
    try:
        return pyoxigraph.Store.read_only(path), {"ready": True}
    except UNREADABLE as error:
        return None, {"error": "store", "message": str(error)}


def _only_frames_on_stdout() -> Any:
    """Whatever else writes to stdout goes to stderr from now on."""
    channel: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def send(message: dict[str, Any]) -> None:
        left = memoryview(packed(message))
        while left:
            left = left[channel.write(left) :]

    return send


def _written(term: Any) -> list[str]:
    if isinstance(term, NamedNode):
        return ["iri", term.value]
    if isinstance(term, Literal):
        return ["literal", term.value, term.language or "", term.datatype.value]
    if isinstance(term, BlankNode):
        return ["blank_node", term.value]
    return ["triple", str(term)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
