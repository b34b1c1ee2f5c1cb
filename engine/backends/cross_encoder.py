"""Opens the cross-encoder of a generation in the form that suits the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from engine.backends.device import CPU, CUDA, choose_device
from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.types import FloatArray


class CrossEncoder(Protocol):
    """What every form offers: float32 (n,), each in [0, 1], higher is more relevant."""

    @property
    def device(self) -> str: ...

    def score(self, query: str, texts: Sequence[str]) -> FloatArray: ...

    def score_pairs(self, queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
        """One score for each pair (queries[i], texts[i]); both have the same length."""
        ...


def open_cross_encoder(folder: Path, *, device: str, threads: int) -> CrossEncoder:
    """`device` is auto, cpu or cuda; `threads` are for the CPU.

    Raises DamagedGenerationError, and ConfigError for a device that is not there.
    """
    return _OPENERS[choose_device(device)](folder, threads)


def _open_torch(folder: Path, _threads: int) -> CrossEncoder:
    from engine.backends.torch_cross_encoder import TorchCrossEncoder

    return TorchCrossEncoder.open(folder, device=CUDA)


_OPENERS: dict[str, Callable[[Path, int], CrossEncoder]] = {
    CPU: lambda folder, threads: OnnxCrossEncoder.open(folder, threads=threads),
    CUDA: _open_torch,
}
