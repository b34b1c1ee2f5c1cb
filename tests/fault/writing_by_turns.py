"""Forks processes that commit to one change log at the same time, until somebody kills them.

    python -m tests.fault.writing_by_turns FOLDER

For every line `NAME N` on stdin one begins to commit the requests `NAME-N`, `NAME-N+1`, ..., of two changes
each, and tells on stdout: `pid NAME PID`, and `acknowledged NAME N` for every one that is in.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path

import engine.backends.change_writer as change_writer
from engine.backends.change_log import ChangeLog
from tests.change_samples import request, upsert
from tests.fault.dying_change_log import tell

_FOLD_BYTES = 2_000
"""So that each folds the -wal in every few commits, in which the other's are as well."""


def commit(folder: Path, name: str, start: int) -> None:
    tell(f"pid {name} {os.getpid()}")
    change_writer._FOLD_BYTES = _FOLD_BYTES
    log = ChangeLog.open(folder)
    for number in count(start):
        changes = [upsert(number % 7, number), upsert(7 + number % 3, number)]
        log.commit([request(*changes, request_id=f"{name}-{number}", outcome=str(number).encode())])
        tell(f"acknowledged {name} {number}")


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        name, start = line.split()
        if os.fork() == 0:
            try:
                commit(folder, name, int(start))
            finally:
                os._exit(1)


if __name__ == "__main__":
    main()
