"""Lives of a process that commits to a change log and dies in the middle of it.

    python -m tests.fault.dying_change_log FOLDER

For every line `POINT N` on stdin it forks a process that commits requests until it is killed, and tells of it
on stdout: `pid`, an `acknowledged` for every commit with the requests that are in by then, `compacted`,
`ended` with what the operating system says. With the point `outside` somebody else kills it; otherwise it
kills itself: before its N-th `statement` (of SQLite's trace), after N x 10 steps of SQLite's machine
(`progress`), or at the N-th mark `before` it is written, before it is flushed (`unflushed`) or `after` it.

What is in the log follows from the number of requests in it: see `request_of`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from signal import SIGKILL

import engine.backends.change_writer as change_writer
from engine.backends.change import LoggedRequest, NewChange
from engine.backends.change_log import ChangeLog, ChangeReader
from tests.change_samples import deletion, upsert

_SIZES = (3, 1, 5, 0, 2)
"""Changes of a request, by turns."""
_KEPT = 60
_FOLD_BYTES = 2_000
"""So that the -wal is folded in every few commits, and deaths meet that as well."""


def end_of(requests: int) -> int:
    """The last sequence after so many requests."""
    rounds, rest = divmod(requests, len(_SIZES))
    return rounds * sum(_SIZES) + sum(_SIZES[:rest])


def requests_at(sequence: int) -> int:
    """The least number of requests that end with this sequence; ValueError when it is within one."""
    near = sequence * len(_SIZES) // sum(_SIZES)
    return next(n for n in range(max(0, near - 6), near + 7) if end_of(n) == sequence)


def change_of(sequence: int) -> NewChange:
    product = sequence * 7 % 11
    return deletion(product) if sequence % 6 == 0 else upsert(product, sequence)


def request_of(number: int) -> LoggedRequest:
    """Numbers count from 1."""
    sequences = range(end_of(number - 1) + 1, end_of(number) + 1)
    return LoggedRequest(f"r{number}", str(number).encode(), [change_of(each) for each in sequences])


def tell(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def die() -> None:
    os.kill(os.getpid(), SIGKILL)


def dies_at(number: int) -> Callable[[], None]:
    calls = count()
    return lambda: die() if next(calls) == number else None


def arm(log: ChangeLog, point: str, number: int) -> None:
    """Let the process die there."""
    writer, fatal = log._writer, dies_at(number)
    connection, mark = writer._connection, writer._mark
    assert connection is not None
    write, flush = mark.write, mark._flush
    if point == "statement":
        connection.set_trace_callback(lambda _statement: fatal())
    elif point == "progress":
        connection.set_progress_handler(lambda: fatal() or 0, 10)
    elif point == "before":
        mark.write = lambda extent: (fatal(), write(extent))[1]  # type: ignore[method-assign]
    elif point == "after":
        mark.write = lambda extent: (write(extent), fatal())[0]  # type: ignore[method-assign]
    elif point == "unflushed":
        mark._flush = lambda descriptor: (fatal(), flush(descriptor))[1]


def live(folder: Path, point: str, number: int) -> None:
    """Commit one request or two at a time; the last one that is there is sent again first, as a client would
    that heard no answer.
    """
    change_writer._FOLD_BYTES = _FOLD_BYTES
    log = ChangeLog.open(folder)
    last = known_requests(log)
    arm(log, point, number)
    if last:
        [again] = log.commit([request_of(last)])
        assert len(again) == 0
    while True:
        batch = [request_of(last + 1 + i) for i in range(1 + last % 2)]
        log.commit(batch)
        last += len(batch)
        tell(f"acknowledged {last}")
        if last % 9 == 0:
            upto = max(log.compacted, log.last_sequence - _KEPT)
            log.compact(upto)
            tell(f"compacted {upto}")


def known_requests(log: ChangeReader) -> int:
    """How many are in the log, those without any change included."""
    number = requests_at(log.last_sequence)
    while log.outcome_of(f"r{number + 1}") is not None:
        number += 1
    return number


def main() -> None:
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        point, number = line.split()
        child = os.fork()
        if child == 0:
            tell(f"pid {os.getpid()}")
            try:
                live(folder, point, int(number))
            finally:
                os._exit(1)
        tell(f"ended {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")


if __name__ == "__main__":
    main()
