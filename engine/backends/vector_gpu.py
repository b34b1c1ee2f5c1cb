"""The same vectors on a CUDA device. The CPU index stays open: it answers what the device cannot.

HNSW has no GPU form, so its vectors are laid out flat there: a GPU compares a million rows in less time than
a CPU walks the graph, and exactly. Flat storage on a GPU is float16 when the CPU index is quantised. IVF
moves with FAISS's own cloner. A mask is applied by asking for more rows than needed and dropping the masked
ones; when too few are left, or more than `MAX_DEPTH` would be needed, the CPU index searches exactly.
"""

from __future__ import annotations

from typing import Any

from engine.backends.faiss_library import faiss
from engine.backends.vector_layout import IndexKind, VectorLayout, VectorStorage
from engine.errors import ConfigError

MAX_DEPTH = 2048
"""The most results FAISS's GPU kernels return for one query."""
_TUNED_DEPTH = 500
"""The device's nprobe is set once, for searches of this depth; more cells cost a GPU little."""
_COPY_ROWS = 65_536


def gpu_count() -> int:
    """CUDA devices that this FAISS can use; 0 for the CPU package."""
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def wants_gpu(device: str) -> bool:
    """Decide `auto`, `cpu` or `cuda`. Raises ConfigError for other words, and for cuda without a GPU."""
    if device not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"The device {device!r} is unknown. Use auto, cpu or cuda.", device=device)
    if device == "cuda" and gpu_count() == 0:
        # Without this guard FAISS's cloner hands back an EMPTY index and reports no error.
        raise ConfigError(
            "The device cuda was asked for, but FAISS sees no GPU. Use device cpu, or install the extra "
            "[gpu] on a machine with a CUDA driver.",
            device=device,
        )
    return device != "cpu" and gpu_count() > 0


def copy_to_gpu(index: Any, layout: VectorLayout) -> Any:
    """A GPU index with the rows of the CPU index. It keeps its own device memory for as long as it lives."""
    resources = faiss.StandardGpuResources()
    source = index if layout.kind is IndexKind.IVF else _flat_copy(index, layout)
    options = faiss.GpuClonerOptions()
    options.useFloat16 = layout.storage is not VectorStorage.FLOAT32
    copy = faiss.index_cpu_to_gpu(resources, 0, source, options)
    copy.referenced_objects = [resources]  # FAISS frees the device memory with it
    if copy.ntotal != layout.count:
        raise ConfigError(f"FAISS copied {copy.ntotal} of {layout.count} vectors to the GPU. Use device cpu.")
    if layout.kind is IndexKind.IVF:
        copy.nprobe = min(layout.effort_for(_TUNED_DEPTH), index.nlist, MAX_DEPTH)
    return copy


def _flat_copy(index: Any, layout: VectorLayout) -> Any:
    if layout.kind is IndexKind.FLAT:
        return index
    flat = faiss.IndexFlatIP(layout.dimension)
    for start in range(0, layout.count, _COPY_ROWS):
        flat.add(index.reconstruct_n(start, min(_COPY_ROWS, layout.count - start)))
    return flat
