"""An engine that cannot be opened."""

from __future__ import annotations

from benchmarks.peers.peer import Options, Peer


def open_peer(_options: Options) -> Peer:
    raise OSError("the disk\nis full")
