"""Facts about this machine that bear on speed."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from engine.backends import probes

PACKAGES = (
    "faiss-cpu",
    "faiss-gpu",
    "grpcio",
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "protobuf",
    "pyoxigraph",
    "sentence-transformers",
    "tantivy",
    "torch",
    "transformers",
)
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp", "sve")
"""Flags of /proc/cpuinfo that vector search and int8 models are the faster for."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`cores` are those this process may use; `memory_gib` is None where the system does not tell."""

    python: str
    system: str
    processor: str
    cores: int
    memory_gib: float | None
    instructions: tuple[str, ...]
    faiss_cuda_devices: int
    torch_cuda_devices: int
    packages: dict[str, str]

    @classmethod
    def read(cls) -> Machine:
        processor, instructions = _processor()
        return cls(
            python=sys.version.split()[0],
            system=platform.platform(terse=True),
            processor=processor,
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_gib=_memory_gib(),
            instructions=instructions,
            faiss_cuda_devices=probes.faiss_gpu_count(),
            torch_cuda_devices=probes.torch_gpu_count(),
            packages=dict(_versions()),
        )

    def lines(self) -> Iterator[tuple[str, str]]:
        yield "Python", f"{self.python} on {self.system}"
        yield (
            "processor",
            f"{self.processor}, {self.cores} cores, {', '.join(self.instructions) or 'no AVX2'}",
        )
        yield "memory", f"{self.memory_gib:.1f} GiB" if self.memory_gib is not None else "unknown"
        yield "CUDA devices", f"{self.faiss_cuda_devices} by FAISS, {self.torch_cuda_devices} by torch"
        yield "packages", ", ".join(f"{name} {version}" for name, version in self.packages.items())


def _processor() -> tuple[str, tuple[str, ...]]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine(), ()
    fields = dict(line.split(":", 1) for line in reversed(text.splitlines()) if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    flags = set((named.get("flags") or named.get("Features") or "").split())
    return named.get("model name") or platform.machine(), tuple(f for f in INSTRUCTIONS if f in flags)


def _memory_gib() -> float | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (ValueError, OSError, AttributeError):
        return None


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
