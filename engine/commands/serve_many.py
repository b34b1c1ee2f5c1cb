"""`python -m engine serve --processes N`: starts server processes that share one port, and looks after them.

Python answers searches on one core at a time, so that more cores need more processes. Each opens the same
generation; what is memory-mapped (vectors, words, records) is in memory once. None is forked: libraries with
threads do not survive it. The kernel gives each new connection on the shared port to one of them, by chance:
a caller with a single connection reaches a single process, and of few connections one process may get most.
Each has a port of its own as well, for callers that spread their calls themselves (gRPC's round_robin).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from engine.commands.opening import told_apart
from engine.commands.securing import open_security, shared_usage
from engine.commands.serve import stop_signal
from engine.commands.serve_one import FOLLOW, MOVED, SERVING
from engine.commands.tracing import open_tracer
from engine.config import ServeSettings
from engine.errors import ConfigError
from engine.files import write_atomically
from engine.generation import DataFolder
from engine.logs import configure_logs
from engine.rpc.ports import reserved_port

_COMMAND = (sys.executable, "-m", "engine.commands.serve_one")
_PAUSES = (1.0, 30.0)
"""Seconds before a process that ended is started again: the first time, and at most, each twice the last."""
_SPARE = 10.0
"""Seconds beyond the time for draining, after which a process that does not end is killed."""

_log = structlog.get_logger()


def serve_many(settings: ServeSettings) -> int:
    """Runs until SIGTERM or SIGINT, and ends when all processes have drained; the exit status.

    A process that ends unasked is started again. Raises ConfigError when the port cannot be had, the data
    folder cannot be opened, or a process cannot start; what its trouble was, it has logged.
    """
    configure_logs(settings.log_level, settings.log_format, sys.stderr)
    # Once here, so that one sentence says what is wrong, not one for each process.
    with open_security(settings), open_tracer(settings):
        for name, folder in settings.catalogues.items():
            with told_apart(name):
                DataFolder.open(folder).open_active(verify=settings.verify)
    with (
        stop_signal() as stop,
        shared_usage(settings) as settings,
        reserved_port(settings.host, settings.port) as port,
    ):
        each = [_settings_of(settings, place, port) for place in range(settings.processes)]
        own = [settings.port and settings.port + 1 + place for place in range(settings.processes)]
        with _running(each, own, stop) as family:
            if family.wait_until_serving():
                ports = [port, *(child.port for child in family.children)]
                _log.info("listening", host=settings.host, port=port, own_ports=ports[1:])
                if settings.port_file is not None:
                    write_atomically(settings.port_file, "".join(f"{each}\n" for each in ports).encode())
            stop.wait()
            _log.info("draining")
    if family.failed:
        raise ConfigError("A server process could not start; its own line above says why.")
    _log.info("stopped")
    return 0


def _settings_of(settings: ServeSettings, place: int, port: int) -> ServeSettings:
    """Files were checked once, for all; the cores are shared out."""
    cores = os.cpu_count() or 1
    return settings.model_copy(
        update={
            "processes": 1,
            "port": port,
            "metrics_port": settings.metrics_port + place if settings.metrics_port else 0,
            "threads": settings.threads or max(1, cores // settings.processes),
            "verify": False,
        }
    )


@dataclass(slots=True)
class _Family:
    """What the threads that look after one process each have in common."""

    stop: threading.Event
    failed: bool = False
    children: Sequence[_Child] = ()

    def moved(self, mover: _Child, collection: str) -> None:
        for child in self.children:
            if child is not mover:
                child.say(f"{FOLLOW} {collection}")

    def fail(self) -> None:
        self.failed = True
        self.stop.set()

    def wait_until_serving(self) -> bool:
        """Whether every process has served; False when they are to stop before that."""
        for child in self.children:
            while not child.serving.wait(0.1):
                if self.stop.is_set():
                    return False
        return not self.stop.is_set()


class _Child(threading.Thread):
    """Runs one server process, again and again until it is to stop."""

    def __init__(self, settings: ServeSettings, port: int, family: _Family) -> None:
        """`port` is the child's own; 0 takes any free one, and keeps it."""
        super().__init__(name="process", daemon=True)
        self._settings, self._family = settings, family
        self.port = port
        self.serving = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        pause = _PAUSES[0]
        while not self._family.stop.is_set():
            served, code = self._live()
            if self._family.stop.is_set():
                return
            if not self.serving.is_set():
                self._family.fail()
                return
            pause = _PAUSES[0] if served else min(2 * pause, _PAUSES[1])
            _log.error("process ended", status=code, restart_seconds=pause)
            self._family.stop.wait(pause)

    def say(self, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):  # it has ended, or was told to
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()

    def end(self) -> None:
        """Have it drain; the thread ends with it."""
        with self._lock, suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _live(self) -> tuple[bool, int]:
        """Whether it served, and its exit status. In a session of its own, it gets no signal of a terminal:
        those are ours to pass on.
        """
        served = False
        with subprocess.Popen(  # noqa: S603 (our own module, no shell)
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            with self._lock:
                self._process = process
            self.say(self._settings.model_dump_json(exclude_unset=True))
            self.say(str(self.port))
            if self._family.stop.is_set():
                self.end()
            for line in process.stdout or ():
                word, _, about = line.strip().partition(" ")
                if word == MOVED:
                    self._family.moved(self, about)
                elif word == SERVING:
                    served, self.port = True, int(about)
                    self.serving.set()
        return served, process.returncode


@contextmanager
def _running(
    settings: Sequence[ServeSettings], ports: Sequence[int], stop: threading.Event
) -> Iterator[_Family]:
    """One process for each; all of them have ended afterwards."""
    family = _Family(stop)
    family.children = [_Child(*each, family) for each in zip(settings, ports, strict=True)]
    for child in family.children:
        child.start()
    try:
        yield family
    finally:
        stop.set()
        for child in family.children:
            child.end()
        for child, each in zip(family.children, settings, strict=True):
            child.join(each.drain_grace + each.drain_timeout + _SPARE)
            if child.is_alive():
                child.kill()
