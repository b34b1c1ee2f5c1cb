"""The cross-encoder on the CPU. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from engine.backends.device import CPU
from engine.backends.model_files import ModelSpec
from engine.backends.onnx_model import OnnxModel
from engine.backends.text_models import TextPairScorer
from engine.backends.tokens import TextTokens


class OnnxCrossEncoder(TextPairScorer):
    """Scores (query, product text) pairs: float32 (n,), each in [0, 1]. Threads may share it.

    A pair's score does not depend on the pairs beside it, as in `OnnxEncoder`.
    """

    device = CPU

    def __init__(self, folder: Path, *, threads: int) -> None:
        self.spec = ModelSpec.read(folder)
        self._tokens = TextTokens(folder, self.spec)
        self._model = OnnxModel(folder, self.spec, threads=threads)

    @classmethod
    def open(cls, folder: Path, *, threads: int) -> OnnxCrossEncoder:
        """`threads` compute batches side by side. Raises DamagedGenerationError."""
        return cls(folder, threads=threads)
