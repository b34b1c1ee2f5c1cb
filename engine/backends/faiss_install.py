"""Which FAISS is installed. Its CPU and GPU wheels overwrite each other's files, so one must be alone."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

from engine.errors import ConfigError

CPU_PACKAGES = ("faiss-cpu",)
GPU_PACKAGES = ("faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12", "faiss-gpu-cuvs")


def check_faiss_install(installed: Iterable[str] | None = None) -> str:
    """The name of the one FAISS package present (`installed` replaces what this interpreter has).

    Raises ConfigError when there is none, or more than one: all of them install the module `faiss`.
    """
    names = _installed() if installed is None else frozenset(installed)
    present = [name for name in (*CPU_PACKAGES, *GPU_PACKAGES) if name in names]
    if not present:
        raise ConfigError(
            "FAISS is not installed. Run `pip install 'cartograph-search[cpu]'`, "
            "or `[gpu]` on a machine with CUDA."
        )
    if len(present) > 1:
        both = " and ".join(present)
        raise ConfigError(
            f"{both} are both installed and overwrite each other's module `faiss`. Run "
            f"`pip uninstall -y {' '.join(present)}`, then install the extra you want, `[cpu]` or `[gpu]`.",
            packages=",".join(present),
        )
    return present[0]


def _installed() -> frozenset[str]:
    found = set()
    for name in (*CPU_PACKAGES, *GPU_PACKAGES):
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
    return frozenset(found)
