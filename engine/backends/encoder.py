"""Opens the dual encoder of a generation in the form that suits the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from engine.backends.device import CPU, CUDA, choose_device
from engine.backends.onnx_encoder import OnnxEncoder
from engine.types import FloatArray


class DualEncoder(Protocol):
    """What every form offers: rows of length 1 (L2), float32 (n, dimension), in the order of the texts."""

    @property
    def id(self) -> str:
        """The same id gives the same embedding for the same text."""
        ...

    @property
    def dimension(self) -> int: ...

    @property
    def device(self) -> str: ...

    def encode_queries(self, texts: Sequence[str]) -> FloatArray: ...

    def encode_products(self, texts: Sequence[str]) -> FloatArray: ...


def open_encoder(folder: Path, *, device: str, threads: int) -> DualEncoder:
    """`device` is auto, cpu or cuda; `threads` are for the CPU.

    Raises DamagedGenerationError, and ConfigError for a device that is not there.
    """
    return _OPENERS[choose_device(device)](folder, threads)


def _open_torch(folder: Path, _threads: int) -> DualEncoder:
    from engine.backends.torch_encoder import TorchEncoder

    return TorchEncoder.open(folder, device=CUDA)


_OPENERS: dict[str, Callable[[Path, int], DualEncoder]] = {
    CPU: lambda folder, threads: OnnxEncoder.open(folder, threads=threads),
    CUDA: _open_torch,
}
