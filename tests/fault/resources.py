"""What a process holds, as Linux tells it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Resources:
    """`mib` is resident memory; `files` are open handles."""

    mib: float
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Raises FileNotFoundError when the process has ended, or where there is no /proc."""
        folder = Path(f"/proc/{pid}")
        files, threads = (len(list((folder / name).iterdir())) for name in ("fd", "task"))
        return cls(resident_mib(pid), files, threads)


def resident_mib(pid: int | None = None) -> float:
    """Of this process without a `pid`; 0 where there is no /proc."""
    try:
        pages = Path(f"/proc/{pid or os.getpid()}/statm").read_text().split()[1]
    except FileNotFoundError:
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / _MIB
