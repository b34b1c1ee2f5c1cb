"""Facts of the machine and the process, told beside every figure that depends on them."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pyoxigraph


def machine() -> dict[str, Any]:
    """Processor, cores, processes that wanted them (the last minute's mean), memory in GiB, versions; "" or 0
    where Linux's /proc does not tell.
    """
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "memory_gib": round(int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 2**20, 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyoxigraph": pyoxigraph.__version__,
    }


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


def _field(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
