"""What an index of vectors will take, before it is built, and which indexes a budget leaves room for."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backends.vector_layout import IndexKind, VectorStorage
from engine.errors import ConfigError

MIB = 2**20
LINKS = 32
"""Of a node of HNSW, above the lowest level; there it has twice as many."""
_LINK_BYTES = 4
_UPPER_LEVELS = 1 / LINKS
_NODE_BYTES = 12
"""Of a node's level and of where its links begin."""
_PLACE_BYTES = 16
"""Of a row's number in its cell, and of the way back from the row."""
FULL = (VectorStorage.INT8, VectorStorage.FLOAT16, VectorStorage.FLOAT32)
"""In the order in which they are tried: the fastest first."""


def mib_of(kind: IndexKind, storage: VectorStorage, count: int, dimension: int) -> float:
    """What the file of the index will take, in MiB: within a few per cent, the cells of IVF left out."""
    each = dimension * storage.bits / 8
    if kind is IndexKind.HNSW:
        each += LINKS * _LINK_BYTES * (2 + _UPPER_LEVELS) + _NODE_BYTES
    if kind is IndexKind.IVF:
        each += _PLACE_BYTES
    return count * each / MIB


def within(
    budget_mib: float, kinds: Sequence[IndexKind], count: int, dimension: int
) -> Sequence[tuple[IndexKind, VectorStorage]]:
    """Indexes that take no more than the budget, in the order in which they are to be tried: four bits, which
    cost recall, after all else.

    Raises ConfigError when not even the smallest fits.
    """
    sizes = {
        (kind, storage): mib_of(kind, storage, count, dimension)
        for kind in kinds
        for storage in ((VectorStorage.FLOAT32,) if kind is IndexKind.FLAT else (*FULL, VectorStorage.INT4))
    }
    fitting = [index for index, mib in sizes.items() if mib <= budget_mib]
    if not fitting:
        raise ConfigError(
            f"{count:,} vectors of {dimension} numbers do not fit into {budget_mib:g} MiB; the smallest "
            f"index takes about {min(sizes.values()):,.0f}. Allow more (--max-vector-memory), or cut the "
            "embeddings (--dimension).",
            setting="max_vector_memory",
        )
    return sorted(fitting, key=lambda index: index[1] is VectorStorage.INT4)
