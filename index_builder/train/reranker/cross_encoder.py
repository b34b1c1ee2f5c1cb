"""Trains the cross-encoder from pairs, starting from the first layers of a base model.

A plain loop of torch rather than sentence_transformers' CrossEncoderTrainer: the network's head is our own
(engine/backends/pair_model.py), batches hold whole queries of similar length, and the number of steps follows
from the pairs alone, so that the same pairs and seed give the same model, however slow the machine is (the
number of threads decides the order of sums: keep it, too).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

from engine.backends.model_files import TORCH_FOLDER, ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import ATTENTION_MASK, INPUT_IDS, SEGMENTS, TOKEN_TYPE_IDS, TextTokens, padded
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.train.base_model import check_body, transformer_folder
from index_builder.train.control import TrainingControl
from index_builder.train.export import make_readable, save_tokenizer, write_onnx, write_spec
from index_builder.train.parity import CHECK_PRODUCTS, CHECK_QUERIES
from index_builder.train.quantise import QUANTISATION
from index_builder.train.queries.query import TrainingPair
from index_builder.train.reranker.fitting import TrainingPlan, fit
from index_builder.train.reranker.pair_lists import lists_of_pairs


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """`first_loss` and `last_loss` are means over the first and the last tenth of the steps."""

    pairs: int
    steps: int
    first_loss: float
    last_loss: float


def train_cross_encoder(
    pairs: Sequence[TrainingPair],
    *,
    base: Path,
    out: Path,
    base_model: str,
    plan: TrainingPlan | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    control: TrainingControl | None = None,
) -> TrainingReport:
    """Train, and write the model folder `out` (engine/backends/model_files.py). `progress` counts steps.

    Pairs of one query stand together. The model learns the probability that a product answers a query, from
    the labels as they are. Raises ConfigError without pairs, and for a base model of the wrong kind.
    """
    if not pairs:
        raise ConfigError("There are no training pairs for the cross-encoder; the catalogue gave no queries.")
    plan = plan or TrainingPlan()
    model, spec = start_cross_encoder(
        base, out, base_model=base_model, layers=plan.layers, max_tokens=plan.max_tokens
    )
    control = replace(control or TrainingControl(), progress=progress)
    fitted = fit(model, lists_of_pairs(pairs, TextTokens(out, spec)), spec, plan, control)
    export_cross_encoder(model, spec, out)
    tenth = max(1, fitted.steps // 10)
    return TrainingReport(
        len(pairs),
        fitted.steps,
        float(np.mean(fitted.losses[:tenth])),
        float(np.mean(fitted.losses[-tenth:])),
    )


def start_cross_encoder(
    base: Path, out: Path, *, base_model: str, layers: int, max_tokens: int
) -> tuple[PairModel, ModelSpec]:
    """The first layers of a base model with a fresh head; its tokeniser is written into `out`.

    Raises ConfigError for a base model of the wrong kind.
    """
    check_body(base)
    with quiet():
        model = PairModel.start(transformer_folder(base), layers=layers)
        tokenizer = AutoTokenizer.from_pretrained(transformer_folder(base), local_files_only=True)
    out.mkdir(parents=True, exist_ok=True)
    # Some bodies (RoBERTa) count positions from their padding id on.
    places = int(getattr(model.body.config, "max_position_embeddings", 0) or max_tokens + _RESERVED_PLACES)
    spec = ModelSpec(
        dimension=1,
        max_tokens=min(max_tokens, places - _RESERVED_PLACES),
        pad_id=save_tokenizer(tokenizer, out),
        inputs=_inputs(model),
        base_model=base_model,
        quantisation=QUANTISATION,
    )
    return model, spec


_RESERVED_PLACES = 2


def export_cross_encoder(model: PairModel, spec: ModelSpec, out: Path) -> ModelSpec:
    """Write torch/, model.onnx and spec.json beside the tokeniser; gives the spec with its fingerprint."""
    with quiet():
        model.save(out / TORCH_FOLDER)
        make_readable(out)
        traceable = PairModel.load(out / TORCH_FOLDER, attention="eager")
    products = list(islice(cycle(CHECK_PRODUCTS), len(CHECK_QUERIES)))
    pairs = TextTokens(out, spec).pairs(CHECK_QUERIES, products)
    samples = [padded([tokens], spec) for tokens in pairs]
    write_onnx(_Score(traceable, spec.inputs), spec.inputs, out, samples)
    return write_spec(spec, out)


def _inputs(model: PairModel) -> tuple[str, ...]:
    """Bodies without token types (MPNet, RoBERTa) learn the two texts apart from the separator alone."""
    types = (TOKEN_TYPE_IDS,) if getattr(model.body.config, "type_vocab_size", 0) > 1 else ()
    return (INPUT_IDS, ATTENTION_MASK, *types, SEGMENTS)


class _Score(torch.nn.Module):
    """Takes inputs by position, as the exporter gives them, and gives probabilities (n, 1)."""

    def __init__(self, model: PairModel, names: Sequence[str]) -> None:
        super().__init__()
        self._model = model
        self._names = names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._model(**dict(zip(self._names, inputs, strict=True)))
        return torch.sigmoid(logits)
