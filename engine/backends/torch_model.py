"""A model that torch runs: on CUDA in half precision, on the CPU in float32 as the reference for ONNX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from tokenizers import Encoding
from transformers.utils import logging

from engine.backends.device import CUDA
from engine.backends.model_files import TORCH_FOLDER, ModelSpec
from engine.backends.tokens import batches
from engine.errors import DamagedGenerationError
from engine.types import FloatArray

TOKEN_BUDGET = {"cpu": 1024, "cuda": 32_768}
"""Tokens in one batch: enough to fill the device, little enough to fit beside other work."""

_transformers_log: Any = logging  # its functions carry no types
Model = TypeVar("Model")
Forward = Callable[[Mapping[str, torch.Tensor]], torch.Tensor]
"""Tensors (n, tokens) by input name in, (n, dimension) out."""


class TorchModel:
    """Runs `forward` over batches of similar length. Threads may share it."""

    def __init__(self, forward: Forward, spec: ModelSpec, *, device: str) -> None:
        self._forward = forward
        self._spec = spec
        self._device = torch.device(device)
        bfloat = device == CUDA and torch.cuda.is_bf16_supported()
        self.precision = "float32" if device != CUDA else "bfloat16" if bfloat else "float16"

    def run(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Float32 (n, dimension), in the order of `encodings`."""
        result = np.empty((len(encodings), self._spec.dimension), np.float32)
        budget = TOKEN_BUDGET[self._device.type]
        half = torch.autocast(
            self._device.type,
            dtype=getattr(torch, self.precision),
            enabled=self._device.type == CUDA,
        )
        with torch.inference_mode(), half:
            for batch in batches(encodings, self._spec, token_budget=budget):
                tensors = {name: torch.from_numpy(ids).to(self._device) for name, ids in batch.inputs.items()}
                result[batch.places] = self._forward(tensors).float().cpu().numpy()
        return result


def load(folder: Path, loader: Callable[[str], Model]) -> Model:
    """Load `torch/` of a model folder without a word on the terminal. Raises DamagedGenerationError."""
    path = folder / TORCH_FOLDER
    if not path.is_dir():
        raise DamagedGenerationError(path, "is missing")
    try:
        with quiet():
            return loader(str(path))
    except Exception as error:  # safetensors, json and transformers share no base class
        raise DamagedGenerationError(path, f"holds no model that torch can load ({error})") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Transformers draws a progress bar for every load and warns of every new head; neither is for users."""
    level, bars = _transformers_log.get_verbosity(), _transformers_log.is_progress_bar_enabled()
    _transformers_log.set_verbosity_error()
    _transformers_log.disable_progress_bar()
    try:
        yield
    finally:
        _transformers_log.set_verbosity(level)
        if bars:
            _transformers_log.enable_progress_bar()
