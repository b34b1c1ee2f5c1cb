"""A store that opens, and turns out to be damaged when it is read."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph


def damage_blocks(store: Path) -> None:
    """Flip bits in the first block of every table file but those that are read when the store is opened."""
    damaged = 0
    for path in sorted(store.glob("*.sst")):
        whole = path.read_bytes()
        path.write_bytes(whole[:5] + bytes(byte ^ 0x55 for byte in whole[5:25]) + whole[25:])
        try:
            pyoxigraph.Store.read_only(str(store))
            damaged += 1
        except RuntimeError:
            path.write_bytes(whole)
    assert damaged, "nothing was damaged"
