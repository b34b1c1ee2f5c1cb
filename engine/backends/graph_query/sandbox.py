"""What a child process may: little memory, no network, and no life without its server.

On Linux the kernel enforces all three; elsewhere what it offers of them. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
"""The number of socket(2) by machine."""
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_FAIL_WITH, _ALLOW = 0x0005_0000, 0x7FFF_0000


def die_with(parent: int) -> None:
    """End this process when `parent` ends, however it does (Linux; elsewhere the end of stdin tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def limit_memory(more_bytes: int) -> None:
    """Let the address space grow by this much and no further (Linux); core files are not written."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = address_space()
    if not used:
        return
    most = used + more_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def address_space() -> int:
    """Bytes of it that are in use now; 0 where the system does not tell (only Linux does)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def forbid_network() -> bool:
    """Make socket(2) fail with EACCES from now on (seccomp). Whether the kernel agreed."""
    number = _SOCKET_CALL.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    steps = (_Step * 4)(
        _Step(_LOAD_WORD, 0, 0, 0),  # the call's number is the first word of what a filter sees
        _Step(_JUMP_IF_EQUAL, 0, 1, number),
        _Step(_RETURN, 0, 0, _FAIL_WITH | 13),  # EACCES
        _Step(_RETURN, 0, 0, _ALLOW),
    )
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    refused: int = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Filter(4, steps)), 0, 0)
    return refused == 0


class _Step(ctypes.Structure):
    """struct sock_filter: one instruction of the classic Berkeley packet filter."""

    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jump_true", ctypes.c_ubyte),
        ("jump_false", ctypes.c_ubyte),
        ("operand", ctypes.c_uint32),
    )


class _Filter(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))
