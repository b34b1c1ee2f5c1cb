"""Backs up and restores in processes that are killed just before one step or another that touches the disk.

    python -m tests.fault.dying_backup

For every line `backup DATA TO N` or `restore FROM DATA N` on stdin it forks a process that does it, replacing
what is there, and kills itself with SIGKILL at its N-th rename, replacing rename, fsync or removal of a file.
What the operating system says of its end is told on stdout: 0 when it had fewer steps than that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from signal import SIGKILL
from typing import Any

from engine.backup.restore import restore
from engine.backup.source import open_source
from engine.backup.take import back_up, destination_at
from engine.generation import DataFolder

STEPS = ("rename", "replace", "fsync", "unlink")


def die_at(number: int) -> None:
    left = number

    def dying(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), SIGKILL)
            return step(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))


def run(action: str, source: Path, target: Path) -> None:
    if action == "backup":
        back_up(DataFolder(source), partial(destination_at, target))
    else:
        with open_source(source) as opened:
            restore(opened, target, replace=True)


def main() -> None:
    for line in sys.stdin:
        action, source, target, number = line.split()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                die_at(int(number))
                run(action, Path(source), Path(target))
                status = 0
            finally:
                os._exit(status)
        os.write(1, f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())


if __name__ == "__main__":
    main()
