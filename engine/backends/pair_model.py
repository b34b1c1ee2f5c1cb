"""The cross-encoder's network: a transformer that reads query and product together, and a head over both.

A sentence encoder's first token says nothing (its training pools all of them), so the usual classifier over
that token does not start to learn from the few pairs that a catalogue gives. This head starts from what the
body knows already, the likeness of two texts, and learns to correct it: mean-pooled query and product vectors
(InferSent's u * v and |u - v|, Conneau et al., EMNLP 2017) and the mean over the query's tokens of their best
match in the product (ColBERT's MaxSim, Khattab and Zaharia, SIGIR 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn.functional import normalize
from transformers import AutoConfig, AutoModel

from engine.backends.tokens import SEGMENTS
from engine.errors import ConfigError

HEAD = "head.safetensors"
_PRODUCT_START, _MATCH_START, _BIAS_START = 10.0, 5.0, -6.0
"""Logits of about -2 for texts that have nothing in common and 5 for the same text, before any training."""


class PairModel(torch.nn.Module):
    """Logits (n, 1) of the probability that a product answers a query."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body
        if getattr(body, "pooler", None) is not None:
            body.pooler = None  # the head pools itself, and some base models come without weights for it
        size = int(body.config.hidden_size)
        self.head = torch.nn.ParameterDict(
            {
                "product": torch.full((size,), _PRODUCT_START),
                "difference": torch.zeros(size),
                "match": torch.tensor([_MATCH_START]),
                "bias": torch.tensor([_BIAS_START]),
            }
        )

    @classmethod
    def start(cls, folder: Path, *, layers: int) -> PairModel:
        """The first `layers` of a base model (all, when it has fewer), with a fresh head.

        Raises ConfigError when the folder has no weights, or not those that its config.json tells of.
        """
        depth = int(AutoConfig.from_pretrained(folder, local_files_only=True).num_hidden_layers)
        try:
            body, told = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                num_hidden_layers=min(layers, depth),
                output_loading_info=True,
            )
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"The weights in {folder} cannot be read: {reason}", path=folder) from error
        if missing := sorted(name for name in told["missing_keys"] if not name.startswith("pooler.")):
            raise ConfigError(
                f"{folder} holds no weights for {missing[0]} ({len(missing)} are missing); config.json and "
                "weights are of different models.",
                path=folder,
            )
        return cls(body)

    @property
    def depth(self) -> int:
        return int(self.body.config.num_hidden_layers)

    @property
    def device(self) -> torch.device:
        device: torch.device = self.head["bias"].device
        return device

    def keeping(self, layers: Sequence[int]) -> PairModel:
        """A copy with some layers only, counted from 0, in that order: what a smaller model starts from."""
        smaller = deepcopy(self)
        stack = next(
            module
            for module in smaller.body.modules()
            if isinstance(module, torch.nn.ModuleList) and len(module) == self.depth
        )
        kept = [stack[layer] for layer in layers]
        del stack[:]
        stack.extend(kept)
        smaller.body.config.num_hidden_layers = len(kept)
        return smaller

    def calibrate(self, scale: float, shift: float) -> None:
        """Logits become scale * logit + shift from now on; the head is linear, so it takes both in."""
        with torch.no_grad():
            for name in ("product", "difference", "match", "bias"):
                self.head[name].mul_(scale)
            self.head["bias"].add_(shift)

    @classmethod
    def load(cls, folder: str | Path, *, attention: str = "sdpa") -> PairModel:
        """A model that `save` wrote."""
        model = cls(AutoModel.from_pretrained(folder, local_files_only=True, attn_implementation=attention))
        model.head.load_state_dict(load_file(Path(folder) / HEAD))
        return model

    def save(self, folder: Path) -> None:
        self.body.save_pretrained(folder)
        save_file({name: value.contiguous() for name, value in self.head.state_dict().items()}, folder / HEAD)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Tensors (n, tokens), by the names in engine.backends.tokens."""
        segments = inputs.pop(SEGMENTS)
        hidden = self.body(**inputs).last_hidden_state
        in_query, in_product = (segments == 1).to(hidden.dtype), (segments == 2).to(hidden.dtype)
        query, product = _mean(hidden, in_query), _mean(hidden, in_product)
        logits = (query * product) @ self.head["product"] + (query - product).abs() @ self.head["difference"]
        logits = logits + self.head["match"] * _best_match(hidden, in_query, in_product) + self.head["bias"]
        column: torch.Tensor = logits.unsqueeze(-1)
        return column


def _mean(hidden: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Unit vector of the mean over the chosen tokens (n, size)."""
    summed = (hidden * chosen.unsqueeze(-1)).sum(1)
    return normalize(summed / chosen.sum(1, keepdim=True).clamp(min=1), dim=-1)


def _best_match(hidden: torch.Tensor, in_query: torch.Tensor, in_product: torch.Tensor) -> torch.Tensor:
    """Mean over the query's tokens of the highest cosine with a token of the product (n,)."""
    tokens = normalize(hidden, dim=-1)
    cosines = tokens @ tokens.transpose(1, 2) - 2 * (1 - in_product).unsqueeze(1)
    best = cosines.max(-1).values.clamp(min=-1)
    return (best * in_query).sum(1) / in_query.sum(1).clamp(min=1)
