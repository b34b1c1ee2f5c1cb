"""Starting a server as a process, for the engines that are one."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_STARTING_SECONDS = 60.0
_STOPPING_SECONDS = 30.0


def free_port() -> int:
    """Of the loopback network, free at the moment of asking."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """A server that runs until `stop`. Its log goes into a file."""

    def __init__(self, command: list[str], log: Path, **popen: Any) -> None:
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, **popen)
        self._log = log

    @property
    def id(self) -> int:
        return self._process.pid

    def wait_for(self, ask: Callable[[], object], *errors: type[Exception]) -> None:
        """Until `ask` raises none of `errors`. Raises RuntimeError once it ended or a minute passed."""
        end = time.monotonic() + _STARTING_SECONDS
        while True:
            try:
                ask()
            except errors as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"The server did not start: {self._last_line()}") from error
                time.sleep(0.1)
            else:
                return

    def stop(self, number: int) -> None:
        """Send that signal, and kill the server when it does not end of it."""
        self._process.send_signal(number)
        try:
            self._process.wait(_STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"


def flags(settings: Mapping[str, object]) -> list[str]:
    """PostgreSQL's way of giving settings on the command line."""
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
