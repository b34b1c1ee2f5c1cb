"""Opens the engine of each collection that a server is to have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from engine.config import ServeSettings
from engine.errors import ConfigError, EngineError
from engine.rpc.engine_api import SearchEngine
from engine.watch import Watch

E = TypeVar("E", bound=SearchEngine)
OpenEngine: TypeAlias = Callable[[Path, ServeSettings, Watch], E]


def open_engines(
    settings: ServeSettings, open_engine: OpenEngine[E], watch: Callable[[str], Watch]
) -> dict[str, E]:
    """By name, one after another. `watch` makes what a collection's engine tells. Raises EngineError when one
    cannot be opened; then none is.
    """
    engines: dict[str, E] = {}
    with ExitStack() as opened:
        for name, folder in settings.catalogues.items():
            with told_apart(name):
                engines[name] = open_engine(folder, settings, watch(name))
            opened.callback(engines[name].close)
        opened.pop_all()
    return engines


@contextmanager
def told_apart(collection: str) -> Iterator[None]:
    """What keeps one from being opened names it, where it has a name."""
    try:
        yield
    except EngineError as error:
        if not collection:
            raise
        raise ConfigError(
            f"The collection {collection!r} cannot be opened: {error.message}", collection=collection
        ) from error
