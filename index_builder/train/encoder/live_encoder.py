"""A sentence encoder as it is in the midst of its training, in the form in which the engine asks encoders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sentence_transformers import SentenceTransformer

from engine.types import FloatArray

_BATCH = 32


class LiveEncoder:
    """Fits engine.backends.encoder.DualEncoder; texts are cut where training cuts them. Never kept: its id
    stands for no weights.
    """

    id = "in training"

    def __init__(self, model: SentenceTransformer, *, query_prompt: str, product_prompt: str) -> None:
        self._model = model
        self._query_prompt = query_prompt
        self._product_prompt = product_prompt

    def of(self, model: SentenceTransformer) -> LiveEncoder:
        """Another model, asked in the same way."""
        return LiveEncoder(model, query_prompt=self._query_prompt, product_prompt=self._product_prompt)

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def device(self) -> str:
        return str(self._model.device.type)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Float32 (n, dimension), rows of length 1 (L2)."""
        return self._encode([self._query_prompt + text for text in texts])

    def encode_products(self, texts: Sequence[str]) -> FloatArray:
        """Float32 (n, dimension), rows of length 1 (L2)."""
        return self._encode([self._product_prompt + text for text in texts])

    def _encode(self, texts: list[str]) -> FloatArray:
        self._model.eval()
        # The empty prompt keeps the model from adding its own default to ours.
        embeddings = self._model.encode(
            texts, prompt="", batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
        )
        embeddings = np.asarray(embeddings, np.float32).reshape(len(texts), self.dimension)
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        return np.asarray(embeddings / np.maximum(lengths, 1e-12), np.float32)
