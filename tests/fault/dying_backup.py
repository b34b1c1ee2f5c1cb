"""Backs up or restores, replacing what is there, and dies at a rename, fsync or removal of a file.

A line on stdin is `backup DATA TO N` or `restore FROM DATA N`; with an N that is never reached it ends with
0.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from engine.backup.restore import restore
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.generation import DataFolder
from tests.fault.dying import die_at, serve


def live(action: str, source: str, target: str, number: str) -> None:
    die_at(int(number), "rename", "replace", "fsync", "unlink")
    if action == "backup":
        back_up(DataFolder(Path(source)), partial(destination_at, Path(target)))
    else:
        with open_source(Path(source)) as opened:
            restore(opened, Path(target), replace=True)


if __name__ == "__main__":
    serve(live)
