"""What the benchmark asks of a search engine. One file beside this for each engine implements it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from engine.types import FloatArray

LIMIT = 10
"""Neighbours asked for in every search."""
LINKS, LINKING_EFFORT = 32, 100
"""HNSW's M and ef_construction, the same for every engine that has them."""
EFFORTS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1000)
"""HNSW's ef_search, from low to high. 1000 is pgvector's upper bound."""


class NotInstalledError(Exception):
    """Says in one sentence what is missing and how to get it."""


class Kind(StrEnum):
    """Where an engine runs: a server is asked over the loopback network, the rest within the caller."""

    SERVER = "server"
    IN_PROCESS = "in process"


@dataclass(frozen=True, slots=True)
class Options:
    """`folder` is empty and the engine's own. `address` is of a server that runs already: "" starts one.
    `threads` are what the engine may take to build; it serves with as many as it takes by default. `models`
    is a data folder whose encoder and reranker Cartograph's shops get, `shops` a folder of shops that
    `benchmarks.growth` made of the same vectors.
    """

    folder: Path
    dimension: int
    seed: int
    threads: int
    address: str = ""
    models: str = ""
    shops: str = ""


class Peer(Protocol):
    """A module `benchmarks.peers.NAME` makes one by `open_peer(options)`, which raises NotInstalledError.

    `processes` are the roots of the process trees that serve. None of them means this process, or that the
    server at `Options.address` was not started here and its memory cannot be told.
    """

    @property
    def kind(self) -> Kind: ...

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the engine and of its client, by the package's name."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """All that was chosen for this engine, for the report."""
        ...

    @property
    def efforts(self) -> Sequence[int]:
        """What `search` may be given, from low to high; one of them, 0, for an engine that is exact."""
        ...

    @property
    def processes(self) -> Sequence[int]: ...

    def build(self, vectors: FloatArray) -> None:
        """Store and index float32 (n, dimension) of unit length; ids are the rows. Returns when done."""
        ...

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        """Ids of the `LIMIT` vectors with the highest inner product, best first. Called from many threads."""
        ...

    def disk_bytes(self) -> int | None:
        """What vectors and index take on disk now; None when that cannot be told."""
        ...

    def close(self) -> None:
        """Stop what was started. Called once, also after a failed build."""
        ...


def folder_bytes(folder: Path) -> int:
    """Of all files below `folder`, as stored."""
    return sum((Path(place) / name).stat().st_size for place, _, names in os.walk(folder) for name in names)
