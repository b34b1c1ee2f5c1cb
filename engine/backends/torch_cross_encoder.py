"""The cross-encoder in torch: on CUDA, and as the reference that the ONNX form is tested against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.backends.device import choose_device
from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.text_models import TextPairScorer
from engine.backends.tokens import TextTokens
from engine.backends.torch_model import TorchModel, load


class TorchCrossEncoder(TextPairScorer):
    """Scores (query, product text) pairs: float32 (n,), each in [0, 1]. Threads may share it."""

    def __init__(self, folder: Path, *, device: str) -> None:
        self.spec = ModelSpec.read(folder)
        self.device = choose_device(device)
        self._tokens = TextTokens(folder, self.spec)
        self._network = load(folder, PairModel.load).to(self.device).eval()
        self._model = TorchModel(self._forward, self.spec, device=self.device)

    @classmethod
    def open(cls, folder: Path, *, device: str) -> TorchCrossEncoder:
        """Raises DamagedGenerationError, and ConfigError for a device that is not there."""
        return cls(folder, device=device)

    def _forward(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        logits: torch.Tensor = self._network(**inputs)
        return torch.sigmoid(logits.float())
