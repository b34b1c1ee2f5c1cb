"""Which weights of an encoder learn: all, all but the words and the lowest layers, or low-rank updates
(LoRA).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from engine.errors import ConfigError
from index_builder.train.encoder.encoder_plan import EncoderPlan, LoraPlan
from index_builder.train.encoder.rotation import rotations


def choose_trainable(model: SentenceTransformer, plan: EncoderPlan) -> None:
    """Freeze what the plan keeps, and add LoRA's matrices where it asks for them (drawn from its seed).

    Word embeddings stay as they are unless asked otherwise: a shop's queries know a few thousand words, the
    base model knows them all, and changed words would drift apart from unchanged ones.
    """
    body = body_of(model)
    for rotation in rotations(model):
        rotation.requires_grad_(False)
    if plan.lora is not None:
        body.requires_grad_(False)
        _add_lora(body, plan.lora, plan.seed)
        return
    if not plan.train_words:
        word_embeddings(model).requires_grad_(False)
    layers = _layers(body)
    if plan.frozen_layers >= len(layers) > 0:
        raise ConfigError(
            f"frozen_layers is {plan.frozen_layers}, but the base model has {len(layers)} layers; leave "
            "at least one to learn."
        )
    for layer in layers[: plan.frozen_layers]:
        layer.requires_grad_(False)


def word_embeddings(model: SentenceTransformer) -> nn.Module:
    words: nn.Module = body_of(model).get_input_embeddings()
    return words


def body_of(model: SentenceTransformer) -> Any:
    """The transformer, a PreTrainedModel."""
    return model[0].auto_model


def trainable(model: nn.Module) -> dict[str, Tensor]:
    """The weights that learn, by name; they are the model's own, not copies."""
    return {name: weight.data for name, weight in model.named_parameters() if weight.requires_grad}


def put_back(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Set the weights that learn. Raises KeyError when the names do not belong together."""
    own = trainable(model)
    for name in sorted(own.keys() | weights.keys()):
        own[name].copy_(weights[name])


def merge_lora(model: SentenceTransformer) -> None:
    """Add LoRA's updates to the weights they belong to, and take its modules out again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    body = body_of(model)
    for name, module in list(body.named_modules()):
        if isinstance(module, BaseTunerLayer):
            merging: Any = module  # peft types neither method
            merging.merge()
            parent, _, child = name.rpartition(".")
            setattr(body.get_submodule(parent), child, merging.get_base_layer())


def _add_lora(body: nn.Module, plan: LoraPlan, seed: int) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ConfigError(
            "LoRA needs the package peft. Install it: pip install 'cartograph-search[train]'."
        ) from error
    config = LoraConfig(
        r=plan.rank, lora_alpha=plan.scale, lora_dropout=plan.dropout, target_modules=_linear_names(body)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, body)


def _linear_names(body: nn.Module) -> list[str]:
    """All matrices of attention and feed-forward parts, whatever the architecture calls them: those that are
    below a numbered layer. Poolers and heads are not.
    """
    return [
        name
        for name, module in body.named_modules()
        if isinstance(module, nn.Linear) and any(part.isdigit() for part in name.split("."))
    ]


def _layers(body: nn.Module) -> list[nn.Module]:
    """The transformer's layers, lowest first: the longest list of modules that it holds."""
    lists = [list(module) for module in body.modules() if isinstance(module, nn.ModuleList)]
    return max(lists, key=len, default=[])
