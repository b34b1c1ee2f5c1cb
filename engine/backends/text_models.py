"""What the ONNX and the torch form of a model share: prompts and tokens in, one row for each text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tokenizers import Encoding

from engine.backends.model_files import ModelSpec
from engine.backends.tokens import TextTokens
from engine.types import FloatArray


class Runner(Protocol):
    """The network itself, whatever runs it."""

    def run(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Float32 (n, dimension), in the order of `encodings`."""
        ...


class TextEncoder:
    """A dual encoder, once a form of it has set these three."""

    spec: ModelSpec
    _tokens: TextTokens
    _model: Runner

    @property
    def dimension(self) -> int:
        return self.spec.dimension

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(self.spec.query_prompt, texts)

    def encode_products(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(self.spec.product_prompt, texts)

    def _encode(self, prompt: str, texts: Sequence[str]) -> FloatArray:
        return self._model.run(self._tokens.texts([prompt + text for text in texts]))


class TextPairScorer:
    """A cross-encoder, once a form of it has set these two."""

    _tokens: TextTokens
    _model: Runner

    def score(self, query: str, texts: Sequence[str]) -> FloatArray:
        return self.score_pairs([query] * len(texts), texts)

    def score_pairs(self, queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
        """One score for each pair (queries[i], texts[i]); both have the same length."""
        return self._model.run(self._tokens.pairs(queries, texts))[:, 0]
