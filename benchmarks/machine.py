"""Facts of the machine and the process, told beside every figure that depends on them."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("numpy", "faiss-cpu", "faiss-gpu", "onnxruntime", "grpcio", "tantivy", "pyoxigraph", "torch")
_BUSY_SHARE = 0.5
"""Of each core, wanted by other processes: above this, times are of a machine that had other work."""


def machine() -> dict[str, Any]:
    """Processor, cores, processes that wanted them (the last minute's mean), memory in GiB, versions, and the
    revision of this code; "" or 0 where Linux's /proc or git does not tell.
    """
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "load_average": load_average(),
        "memory_gib": round(int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 2**20, 1),
        "busy": busy(load_average()),
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "revision": revision(),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def load_average() -> float:
    """Processes that wanted a core, mean over the last minute, this one included."""
    return round(os.getloadavg()[0], 1)


def busy(load: float) -> bool:
    """Whether a load average that was read before a benchmark started says that others were at work."""
    return load > _BUSY_SHARE * (os.cpu_count() or 1)


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


def peak_mib() -> float:
    """The most that `resident_mib` has been."""
    return int((_field("/proc/self/status", "VmHWM") or "0 kB").split()[0]) / 1024


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


def _field(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
