"""Prunes a data folder and dies at a step that removes or flushes something, as in a power cut.

A line on stdin is `DATA N`; with an N that is never reached it ends with 0.
"""

from __future__ import annotations

from pathlib import Path

from engine.generation import DataFolder
from index_builder.prune import prune
from tests.fault.dying import die_at, serve


def live(folder: str, number: str) -> None:
    data = DataFolder(Path(folder))
    with data.building():
        die_at(int(number), "unlink", "rmdir", "fsync")
        prune(data, 1)


if __name__ == "__main__":
    serve(live)
