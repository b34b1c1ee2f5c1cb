"""Training against small, worst-case changes of the weights: a second pass beside the usual one.

FGM (Miyato et al., ICLR 2017, "Adversarial Training Methods for Semi-Supervised Text Classification") moves
the word embeddings by `strength` along the gradient of the loss, over its length. AWP (Wu et al., NeurIPS
2020) moves each matrix that learns by `strength` times its own length. Gradients of both passes are added,
the weights are put back. Both passes cost as much as the usual one. The paper's FGM moves each text's own
embeddings; moving the table instead does the same for every word of the batch at once and works with any
model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from index_builder.train.encoder.encoder_plan import Adversary

Moves = Callable[[Tensor, Tensor, float], Tensor]
"""(weight, its gradient, strength) to what is added to the weight."""


def _by_length(_weight: Tensor, gradient: Tensor, strength: float) -> Tensor:
    return gradient * (strength / float(gradient.norm().clamp_min(1e-12)))


def _by_share(weight: Tensor, gradient: Tensor, strength: float) -> Tensor:
    return _by_length(weight, gradient, strength * float(weight.norm()))


class AdversarialPass:
    """Used as `with watching(): backward`, then `with moved(): backward`."""

    def __init__(self, kind: Adversary, strength: float, *, words: nn.Module, model: nn.Module) -> None:
        self._moves: Moves = _by_length if kind is Adversary.FGM else _by_share
        self._strength = strength
        learning = [weight for weight in model.parameters() if weight.requires_grad and weight.ndim > 1]
        self._weights: Sequence[nn.Parameter] = (
            list(words.parameters()) if kind is Adversary.FGM else learning
        )
        self._frozen = [weight for weight in self._weights if not weight.requires_grad]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Gradients are worked out for frozen words, too, and thrown away at the end."""
        for weight in self._frozen:
            weight.requires_grad_(True)
        try:
            yield
        finally:
            for weight in self._frozen:
                weight.requires_grad_(False)
                weight.grad = None

    @contextmanager
    def moved(self) -> Iterator[None]:
        """The weights stand where the loss is worse, by the gradients there are now."""
        kept = [
            (weight, weight.detach().clone(), weight.grad.detach().clone())
            for weight in self._weights
            if weight.grad is not None
        ]
        with torch.no_grad():
            for weight, _, gradient in kept:
                weight.add_(self._moves(weight, gradient, self._strength))
        try:
            yield
        finally:
            for weight, before, _ in kept:
                weight.data.copy_(before)
