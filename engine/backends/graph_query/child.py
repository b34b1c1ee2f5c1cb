"""One child process, seen from the server: started, asked, and killed when it does not answer in time."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO

from engine.backends.graph_query.frames import HEADER, packed, unpacked

START_SECONDS = 20.0
"""For a child to open the store, on a busy machine."""
_LOOK_SECONDS = 0.05
"""How often a wait looks whether the caller is still there."""
_PING_SECONDS = 1.0
_READ_BYTES = 1 << 16
_TAIL_BYTES = 2_000


class TimeUpError(Exception):
    """The child did not answer in time."""


class CallerGoneError(Exception):
    """Nobody waits for the answer any more."""


class ChildEndedError(Exception):
    """`status` as subprocess gives it, negative for a signal; `said` is the end of its stderr."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"status {status}: {said}")
        self.status = status
        self.said = said


class CannotOpenError(Exception):
    """The child could not open the store, and says why."""


class Child:
    """Belongs to one caller at a time. Any error leaves it unusable: kill it then."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._own: Path | None = None
        self.version = 0
        """Of the changes that its store has."""

    @classmethod
    def start(cls, store: Path, memory_bytes: int) -> Child:
        """A child that has opened the store. Raises CannotOpenError, ChildEndedError or TimeUpError.

        The thread that calls this has to live as long as the child: Linux ends the child with its thread.
        """
        errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `kill`)
        command = [sys.executable, "-m", "engine.backends.graph_query.process"]
        process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            [*command, str(store), str(memory_bytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            process_group=0,  # a terminal's Ctrl-C is for the server, which drains
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},  # arenas reserve address space, which is limited
        )
        child = cls(process, errors)
        try:
            child._check(child._receive(time.monotonic() + START_SECONDS, lambda: False))
        except BaseException:
            child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    def turn_to(self, own: Path, version: int) -> None:
        """Read another store from now on, a folder of its own that is removed with it. Raises as `start`."""
        self._remove_own()
        self._own, self.version = own, version
        self._check(self.ask({"store": str(own)}, time.monotonic() + START_SECONDS, lambda: False))

    def alive(self) -> bool:
        """Whether it answers: asked, since a process that was just killed may look alive for a while."""
        try:
            self.ask({}, time.monotonic() + _PING_SECONDS, lambda: False)
        except (TimeUpError, ChildEndedError):
            return False
        return True

    def ask(self, request: dict[str, Any], until: float, gone: Callable[[], bool]) -> dict[str, Any]:
        """Its answer. `until` is on the clock of time.monotonic().

        Raises TimeUpError, CallerGoneError when `gone` says so, ChildEndedError.
        """
        try:
            _pipe(self._process.stdin).write(packed(request))
        except OSError:  # it ended
            raise self._ended() from None
        return self._receive(until, gone)

    def kill(self) -> None:
        """End it at once and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()
        self._errors.close()
        self._remove_own()

    def _remove_own(self) -> None:
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)

    def _check(self, first: dict[str, Any]) -> None:
        if "error" in first:
            raise CannotOpenError(first["message"])

    def _receive(self, until: float, gone: Callable[[], bool]) -> dict[str, Any]:
        header = self._read(HEADER.size, until, gone)
        return unpacked(self._read(HEADER.unpack(header)[0], until, gone))

    def _read(self, size: int, until: float, gone: Callable[[], bool]) -> bytes:
        descriptor = _pipe(self._process.stdout).fileno()
        found = bytearray()
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        while len(found) < size:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeUpError
            if gone():
                raise CallerGoneError
            if not poller.poll(1_000 * min(left, _LOOK_SECONDS)):
                continue
            piece = os.read(descriptor, min(size - len(found), _READ_BYTES))
            if not piece:
                raise self._ended()
            found += piece
        return bytes(found)

    def _ended(self) -> ChildEndedError:
        status = self._process.wait()
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _TAIL_BYTES))
        return ChildEndedError(status, self._errors.read().decode(errors="replace"))


def _pipe(stream: IO[bytes] | None) -> BinaryIO:
    if stream is None:
        raise TypeError("a child has pipes")
    return stream  # type: ignore[return-value]  # Popen's pipes are BinaryIO; its stub says IO
