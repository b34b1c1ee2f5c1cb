"""The dual encoder on the CPU. Imports no torch, so that a server starts quickly and stays small."""

from __future__ import annotations

from pathlib import Path

from engine.backends.device import CPU
from engine.backends.model_files import ModelSpec
from engine.backends.onnx_model import OnnxModel
from engine.backends.text_models import TextEncoder
from engine.backends.tokens import TextTokens


class OnnxEncoder(TextEncoder):
    """Embeds text as rows of length 1 (L2), float32 (n, dimension). Threads may share it.

    A text's embedding does not depend on the texts beside it: activations are quantised by the token, not by
    the batch (see index_builder/train/quantise.py).
    """

    device = CPU

    def __init__(self, folder: Path, *, threads: int) -> None:
        self.spec = ModelSpec.read(folder)
        self._tokens = TextTokens(folder, self.spec)
        self._model = OnnxModel(folder, self.spec, threads=threads)

    @classmethod
    def open(cls, folder: Path, *, threads: int) -> OnnxEncoder:
        """`threads` compute batches side by side. Raises DamagedGenerationError."""
        return cls(folder, threads=threads)

    @property
    def id(self) -> str:
        """The same id gives the same embedding for the same text."""
        return f"{self.spec.fingerprint}-{self.spec.quantisation}"
