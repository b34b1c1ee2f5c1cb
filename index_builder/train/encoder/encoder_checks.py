"""Refuses, before hours are spent, what a training run would fail on."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from engine.errors import ConfigError
from index_builder.train.encoder.adapters import trainable
from index_builder.train.encoder.encoder_plan import EncoderPlan
from index_builder.train.queries.query import ANSWERS_FROM, TrainingQuery
from index_builder.train.resources import MIB, free_bytes

MIN_QUERIES = 32
"""Fewer are learnt by heart within a few steps."""
MIN_HELD_OUT = 8
_SPARE = 1.2


def check_packages(plan: EncoderPlan) -> None:
    """Raises ConfigError with the command that installs what is missing."""
    needed = ("accelerate", "datasets", *(("peft",) if plan.lora is not None else ()))
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"Training needs packages that are not installed ({', '.join(missing)}). Install them: "
            "pip install 'cartograph-search[train]'.",
            packages=", ".join(missing),
        )


def check_data(
    train: Sequence[TrainingQuery], held_out: Sequence[TrainingQuery], has_teacher: bool, plan: EncoderPlan
) -> None:
    """Raises ConfigError for too few queries with answers, and for a teacher that is asked for and not
    given.
    """
    for name, queries, least in (("training", train, MIN_QUERIES), ("held-out", held_out, MIN_HELD_OUT)):
        answered = sum(bool(np.any(query.grades >= ANSWERS_FROM)) for query in queries)
        if answered < least:
            raise ConfigError(
                f"There are {answered} {name} queries with a product that answers them, of {len(queries)}; "
                f"an encoder needs at least {least}. Add judgements, events or a richer catalogue.",
                queries=answered,
            )
    if plan.loss.distillation and not has_teacher:
        raise ConfigError(
            "Distillation was asked for without a cross-encoder to learn from. Train a reranker first and "
            "name its folder, or set distillation to 0."
        )


def check_disk(checkpoints: Path, out: Path, model: SentenceTransformer) -> None:
    """Raises ConfigError when the disk has less room than checkpoints and export will take."""
    exported = sum(weight.nbytes for weight in model.parameters()) * 1.5
    for folder, needed in ((checkpoints, checkpoint_bytes(model)), (out, exported)):
        free = free_bytes(folder)
        if free < needed * _SPARE:
            raise ConfigError(
                f"{folder} is on a disk with {free // MIB:,} MiB free, and training needs about "
                f"{int(needed * _SPARE) // MIB:,} MiB there. Free some space or choose another folder.",
                path=folder,
            )


def checkpoint_bytes(model: SentenceTransformer) -> int:
    """What a run keeps on disk: three checkpoints while one replaces another, and the best weights twice. A
    checkpoint holds what learns, and AdamW's two means of it.
    """
    learning = sum(weight.nbytes for weight in trainable(model).values())
    return 3 * 3 * learning + 2 * learning
