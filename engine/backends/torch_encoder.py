"""The dual encoder in torch: on CUDA, and as the reference that the ONNX form is tested against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer

from engine.backends.device import choose_device
from engine.backends.model_files import ModelSpec
from engine.backends.text_models import TextEncoder
from engine.backends.tokens import TextTokens
from engine.backends.torch_model import TorchModel, load


class TorchEncoder(TextEncoder):
    """Embeds text as rows of length 1 (L2), float32 (n, dimension). Threads may share it."""

    _model: TorchModel

    def __init__(self, folder: Path, *, device: str) -> None:
        self.spec = ModelSpec.read(folder)
        self.device = choose_device(device)
        self._tokens = TextTokens(folder, self.spec)
        self._sentence_model = load(
            folder, lambda path: SentenceTransformer(path, device=self.device, local_files_only=True)
        ).eval()
        self._model = TorchModel(self._forward, self.spec, device=self.device)

    @classmethod
    def open(cls, folder: Path, *, device: str) -> TorchEncoder:
        """Raises DamagedGenerationError, and ConfigError for a device that is not there."""
        return cls(folder, device=device)

    @property
    def id(self) -> str:
        """The same id gives the same embedding for the same text, but for what differs between GPUs."""
        return f"{self.spec.fingerprint}-{self._model.precision}"

    def _forward(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        embedding: torch.Tensor = self._sentence_model(dict(inputs))["sentence_embedding"]
        # An encoder that was cut to fewer components (Matryoshka) keeps all of its weights.
        embedding = embedding[:, : self.spec.dimension]
        # In half precision a normalised row is off by up to 0.4 percent: normalise again in full.
        return torch.nn.functional.normalize(embedding.float(), dim=-1)
