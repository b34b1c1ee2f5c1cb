"""Publishes a sealed work folder and dies at a rename, a replacing rename or an fsync, as in a power cut.

A line on stdin is `WORK DATA N`; with an N that is never reached it publishes and ends with 0.
"""

from __future__ import annotations

from pathlib import Path

from index_builder.publish import publish
from tests.fault.dying import die_at, serve


def live(work: str, data: str, number: str) -> None:
    die_at(int(number), "rename", "replace", "fsync")
    publish(Path(work), Path(data), activate=True)


if __name__ == "__main__":
    serve(live)
