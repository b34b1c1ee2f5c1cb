"""Which of a server's collections a call is for: its metadata says so, or only one can be meant."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

from structlog.contextvars import bind_contextvars

from engine.collection import ONLY, is_collection_name
from engine.errors import CollectionDeniedError, MissingCollectionError, NotFoundError
from engine.security.caller import Caller

COLLECTION = "x-collection"
"""The metadata that names it."""
_OF_CALL: ContextVar[str] = ContextVar("_OF_CALL", default=ONLY)


def current() -> str:
    """The collection of the call that is being answered here, kept in the context that gRPC gives each call;
    ONLY until one was chosen.
    """
    return _OF_CALL.get()


def named(collection: str) -> dict[str, str]:
    """For a line of the log: a catalogue without a name is not spoken of."""
    return {"collection": collection} if collection else {}


@dataclass(frozen=True, slots=True)
class Collections:
    """Those of a server, by name; a lone one may be called ONLY."""

    names: frozenset[str] = frozenset({ONLY})

    def choose(self, metadata: Iterable[tuple[str, str | bytes]], caller: Caller | None) -> str:
        """The one that the call is for, which is `current` from here on.

        Raises MissingCollectionError when several may be meant, CollectionDeniedError when it is not the
        caller's, be it there or not, and NotFoundError to whoever may know that it is not there. The log
        tells of these which one was named.
        """
        allowed = None if caller is None else caller.collections
        name = _asked(metadata) or _lone(allowed) or _lone(self.names)
        if name is None:
            raise MissingCollectionError
        if is_collection_name(name):  # what else a caller may send is not for the log
            bind_contextvars(collection=name)
        check_reach(caller, name)
        if name not in self.names:
            raise NotFoundError(
                "collection", name, "The metadata x-collection names it; the server's operator knows those."
            )
        _OF_CALL.set(name)
        return name


def check_reach(caller: Caller | None, collection: str) -> None:
    """Raises CollectionDeniedError."""
    if caller is not None and caller.collections is not None and collection not in caller.collections:
        raise CollectionDeniedError


def _asked(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Empty where none is named."""
    return next((value for key, value in metadata if key == COLLECTION and isinstance(value, str)), "")


def _lone(names: frozenset[str] | None) -> str | None:
    """The one that need not be named."""
    return next(iter(names)) if names is not None and len(names) == 1 else None
