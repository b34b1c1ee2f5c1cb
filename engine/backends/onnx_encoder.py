"""The dual encoder on the CPU. Imports no torch, so that a server starts quickly and stays small."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.backends.device import CPU
from engine.backends.model_files import ModelSpec
from engine.backends.onnx_model import OnnxModel
from engine.backends.tokens import TextTokens
from engine.types import FloatArray


class OnnxEncoder:
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

    @property
    def dimension(self) -> int:
        return self.spec.dimension

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(self.spec.query_prompt, texts)

    def encode_products(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(self.spec.product_prompt, texts)

    def _encode(self, prompt: str, texts: Sequence[str]) -> FloatArray:
        return self._model.run(self._tokens.texts([prompt + text for text in texts]))
