"""A process that commits to a change log while the system refuses it something, and tells what came of it.

    python -m tests.fault.starved_change_log file_size | handles | read_only | flush FOLDER

One line of JSON for every step: the last sequence, or the reason and the message of an error.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from engine.backends.change_log import ChangeLog
from engine.errors import EngineError
from tests.change_samples import request, upsert

_NOBODY = 65_534
_FLUSHES = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""Numbers of the system calls fsync and fdatasync."""
_EIO = 5


def attempt(step: Callable[[], object]) -> None:
    try:
        told = {"done": step()}
    except EngineError as error:
        told = {"reason": error.reason, "message": error.message}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def committing(log: ChangeLog) -> Callable[[], int]:
    """Ten products of 2 KB, in two requests."""

    def step() -> int:
        changes = [upsert(product, size=2_000) for product in range(10)]
        log.commit([request(*changes[:5]), request(*changes[5:])])
        return log.last_sequence

    return step


def file_size(folder: Path) -> None:
    """No file may grow beyond 60 KB; later it may."""
    log = ChangeLog.open(folder)
    commit = committing(log)
    attempt(commit)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, most))
    attempt(commit)
    attempt(commit)
    attempt(lambda: len(log.since(0, 100)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    attempt(commit)
    attempt(log.check)


def handles(folder: Path) -> None:
    """All of them are taken, by one log's writer among others; later they are given back."""
    log = ChangeLog.open(folder / "open")
    commit = committing(log)
    attempt(commit)
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    attempt(lambda: len(log.since(0, 100)))
    attempt(commit)
    attempt(lambda: ChangeLog.open(folder / "closed").last_sequence)
    for descriptor in taken:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
    attempt(lambda: len(log.since(0, 100)))
    attempt(commit)
    attempt(lambda: ChangeLog.open(folder / "closed").last_sequence)


def read_only(folder: Path) -> None:
    """A folder that this process may not write into, with a log and without one."""
    ChangeLog.open(folder / "log").close()
    for path in (folder / "log", folder):
        path.chmod(0o555)
    for path in (folder / "log").iterdir():
        path.chmod(0o444)
    if os.geteuid() == 0:  # who may do anything
        os.seteuid(_NOBODY)
    attempt(lambda: ChangeLog.open(folder / "log").last_sequence)
    attempt(lambda: ChangeLog.open(folder / "new").last_sequence)


def flush(folder: Path) -> None:
    """The disk takes writes, but fails to flush them from now on."""
    log = ChangeLog.open(folder)
    commit = committing(log)
    attempt(commit)
    refuse_flushes()
    attempt(commit)
    attempt(commit)
    attempt(lambda: log.last_sequence)
    os._exit(0)


def refuse_flushes() -> None:
    """A seccomp filter: fsync and fdatasync of this process fail with EIO."""
    first, second = _FLUSHES[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", *line)
        for line in (
            (0x20, 0, 0, 0),  # load the number of the system call
            (0x15, 1, 0, first),
            (0x15, 0, 1, second),
            (0x06, 0, 0, 0x0005_0000 | _EIO),  # return SECCOMP_RET_ERRNO
            (0x06, 0, 0, 0x7FFF_0000),  # return SECCOMP_RET_ALLOW
        )
    )
    held = ctypes.create_string_buffer(program)
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 5, ctypes.addressof(held)))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, mode_filter, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp is refused")


if __name__ == "__main__":
    {"file_size": file_size, "handles": handles, "read_only": read_only, "flush": flush}[sys.argv[1]](
        Path(sys.argv[2])
    )
