"""Facts of the machine and the process, told beside every figure that depends on them."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import monotonic
from typing import Any

_PACKAGES = ("numpy", "faiss-cpu", "faiss-gpu", "onnxruntime", "grpcio", "tantivy", "pyoxigraph", "torch")
_GPUS = Path("/proc/driver/nvidia/gpus")
_BUSY_SHARE = 0.05
"""Of all cores, taken by others: above this, times are of a machine that had other work."""


def machine() -> dict[str, Any]:
    """Processor, cores, GPUs, the share of the cores that other processes took since this module was
    imported, whether that is much, memory in GiB, versions, and the revision of this code; "" or 0 where
    Linux's /proc or git does not tell. To be asked at the end, when processes that were started have ended.
    """
    others = _START.share_of_others()
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "gpus": [_field(str(gpu), "Model") for gpu in sorted(_GPUS.glob("*/information"))],
        "others": round(others, 3),
        "memory_gib": round(int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 2**20, 1),
        "busy": others > _BUSY_SHARE,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "revision": revision(),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """Seconds at one moment: of all cores at work, of this process and those of its children that have
    ended, and of a clock.
    """

    working: float
    own: float
    clock: float

    @classmethod
    def now(cls) -> ProcessorTime:
        words = (_field("/proc/stat", "cpu ", " ") or "0").split()
        user, nice, system, _idle, _waiting, *more = (*map(int, words), *[0] * (8 - len(words)))
        ticks = user + nice + system + sum(more[:3])  # interrupts, and what a host gave to other guests
        return cls(ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4]), monotonic())

    def share_of_others(self) -> float:
        """Of all cores' time since then, in [0, 1]."""
        now = ProcessorTime.now()
        others = (now.working - self.working) - (now.own - self.own)
        whole = (os.cpu_count() or 1) * (now.clock - self.clock)
        return min(max(others / whole, 0.0), 1.0) if whole else 0.0


def revision() -> str:
    """Of the code that runs, by git, "-dirty" when it has changes; "" outside a repository."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        told = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()


def resident_mib() -> float:
    """Memory of this process that is in RAM now, mapped files included."""
    return int((_field("/proc/self/status", "VmRSS") or "0 kB").split()[0]) / 1024


def peak_mib(pid: int | None = None) -> float:
    """The most that a process (this one by default) has had in RAM, since `begin_peak` if that was called."""
    return int((_field(f"/proc/{pid or 'self'}/status", "VmHWM") or "0 kB").split()[0]) / 1024


def begin_peak(pid: int) -> None:
    """`peak_mib` of a process of one's own counts from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def memory_mib(pid: int) -> tuple[float, float]:
    """Of a process: what is in RAM now, and the part of it that no file backs."""
    resident, private = (_field(f"/proc/{pid}/status", name) for name in ("VmRSS", "RssAnon"))
    return int((resident or "0 kB").split()[0]) / 1024, int((private or "0 kB").split()[0]) / 1024


def proportional_mib(roots: Sequence[int] = ()) -> float:
    """Memory in RAM of the process trees below these ids (of this process alone, without any): a page that n
    processes share counts 1/n for each, so that a sum over a server's processes counts it once.
    """
    chosen = _trees(roots) if roots else iter((os.getpid(),))
    told = (_field(f"/proc/{process}/smaps_rollup", "Pss:") or "0 kB" for process in chosen)
    return sum(int(each.split()[0]) for each in told) / 1024


def _trees(roots: Sequence[int]) -> Iterator[int]:
    for root in roots:
        yield root
        for task in Path(f"/proc/{root}/task").glob("*/children"):
            try:
                children = task.read_text().split()
            except OSError:  # it ended meanwhile
                continue
            yield from _trees([int(child) for child in children])


def _field(path: str, name: str, separator: str = ":") -> str:
    """What stands behind the separator of the first line that begins with the name."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(separator)[2].strip() for line in lines if line.startswith(name)), "")


_START = ProcessorTime.now()
