"""Lets forked processes do something and kill themselves in the middle of it.

One interpreter forks them all: to start one takes longer than most of what is cut off.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGKILL
from typing import Any

DIED = -SIGKILL
_ENDED = "ended"


@dataclass(frozen=True, slots=True)
class End:
    """What the operating system says: DIED, or 0 of a process that came to its end; and what it `told`."""

    code: int
    told: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lives:
    """Of one module, which calls `serve`."""

    process: subprocess.Popen[str]

    def end(self, *words: object) -> End:
        """Of a process that was given these words."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{' '.join(map(str, words))}\n")
        self.process.stdin.flush()
        told: list[str] = []
        for line in self.process.stdout:
            if line.startswith(f"{_ENDED} "):
                return End(int(line.split()[1]), told)
            told.append(line.rstrip())
        raise AssertionError("the process that forks has ended")


@contextmanager
def lives_of(module: str) -> Iterator[Lives]:
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Lives(process)
        assert process.stdin is not None
        process.stdin.close()


def serve(live: Callable[..., None]) -> None:
    """Forks a process for every line on stdin, which calls `live` with its words, and says how it ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                live(*line.split())
                status = 0
            finally:
                sys.stdout.flush()
                os._exit(status)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(1, f"{_ENDED} {code}\n".encode())


def die_at(number: int, *steps: str) -> None:
    """Kill this process just before its N-th call (from 0) of any of these functions of `os`."""
    left = number

    def dying(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), SIGKILL)
            return step(*arguments, **options)

        return call

    for name in steps:
        setattr(os, name, dying(getattr(os, name)))
