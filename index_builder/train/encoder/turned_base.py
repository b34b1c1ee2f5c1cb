"""The base model that a training starts from: turned (rotation.py), where embeddings are going to be cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.backends.device import CPU
from engine.backends.torch_model import quiet
from index_builder.train.encoder.encoder_base import open_base_encoder, prompts_of
from index_builder.train.encoder.encoder_plan import EncoderPlan
from index_builder.train.encoder.live_encoder import LiveEncoder
from index_builder.train.encoder.rotation import principal_rotation, turn

SAMPLE = 2_000
"""Queries, and as many products, that are embedded to find the turn."""
_FOLDER = "base"


def turned_base(
    base: Path, queries: Sequence[str], texts: Sequence[str], plan: EncoderPlan, folder: Path
) -> Path:
    """A sentence-transformers folder below `folder`: the base model, turned by what it says of a sample of
    queries and product texts. One that is there is taken as it is. `base` itself where nothing will be cut.
    """
    if not plan.dimensions:
        return base
    out = folder / _FOLDER
    if (out / "modules.json").is_file():
        return out
    model = open_base_encoder(base, max_tokens=plan.max_tokens, device=CPU)
    query_prompt, product_prompt = prompts_of(model, plan)
    encoder = LiveEncoder(model, query_prompt=query_prompt, product_prompt=product_prompt)
    asked = encoder.encode_queries(_some(queries, plan.seed))
    offered = encoder.encode_products(_some(texts, plan.seed))
    turn(model, principal_rotation([asked, offered]))
    with quiet():
        model.save(str(out), create_model_card=False)
    return out


def _some(texts: Sequence[str], seed: int) -> list[str]:
    drawn = np.random.default_rng(seed).choice(len(texts), min(SAMPLE, len(texts)), replace=False)
    return [texts[place] for place in np.sort(drawn).tolist()]
