"""Trains the dual encoder with sentence-transformers' trainer, and exports the weights that did best.

Rounds of hard negatives share one schedule of the learning rate. Every so many steps the held-out queries are
searched; the base model takes part in the contest, so that training can fail to help but not do harm. A
killed run goes on from its last checkpoint, and on a CPU with the same number of threads ends with the
weights that it would have had.

Several GPUs: start one process for each (`torchrun`); each takes `batch_size` queries a step, and the trainer
averages their gradients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from engine.backends.device import CPU, choose_device
from engine.backends.torch_model import quiet
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.adapters import choose_trainable, merge_lora, put_back
from index_builder.train.encoder.blending import blend
from index_builder.train.encoder.encoder_base import open_base_encoder, prompts_of
from index_builder.train.encoder.encoder_checks import check_data, check_disk, check_packages
from index_builder.train.encoder.encoder_plan import EncoderPlan, EncoderReport
from index_builder.train.encoder.encoder_run import EncoderData, EncoderRun
from index_builder.train.encoder.rounds import Miner, no_negatives
from index_builder.train.encoder.run_folder import open_run_folder
from index_builder.train.encoder.turned_base import turned_base
from index_builder.train.export import Exported, export_encoder
from index_builder.train.run_claim import identity_of


def train_dual_encoder(
    data: EncoderData,
    *,
    base: Path,
    base_model: str,
    out: Path,
    negatives: Miner = no_negatives,
    plan: EncoderPlan | None = None,
    control: TrainingControl | None = None,
    device: str = "auto",
) -> EncoderReport:
    """Train, and write the model folder `out` (engine/backends/model_files.py); nothing else is written but
    the checkpoints of `control`.

    `negatives(encoder, round)` is called before each round, with the encoder as it is then. Raises
    ConfigError for too few queries, a base model of the wrong kind, a missing package, or a disk that is
    too small.
    """
    plan, control = plan or EncoderPlan(), control or TrainingControl()
    check_packages(plan)
    check_data(data.train, data.held_out, data.teacher is not None, plan)
    identity = identity_of((plan, base_model), data.train, data.held_out, texts=data.texts)
    # Opening a model with a dense layer draws from torch's generator, which belongs to the caller.
    with torch.random.fork_rng(devices=[]), open_run_folder(control, identity) as folder:
        start = turned_base(base, [query.text for query in data.train], data.texts, plan, folder.path)
        run = EncoderRun(data, plan, control, folder, base=start, device=choose_device(device))
        check_disk(folder.path, out, run.model)
        report = run.train(negatives)
        model = open_base_encoder(start, max_tokens=plan.max_tokens, device=CPU)
        weights = run.best.load()
        if weights is not None:
            report = _blended(model, weights, run, report)
        exported = _export(model, out, base_model, plan)
    return replace(report, parity=exported.parity)


def _blended(
    model: SentenceTransformer, weights: Mapping[str, Tensor], run: EncoderRun, report: EncoderReport
) -> EncoderReport:
    """`model` is opened anew, because the trainer wraps the one that it trains."""
    base = {name: weight.clone() for name, weight in model.state_dict().items()}
    choose_trainable(model, run.plan)
    put_back(model, weights)
    if run.plan.lora is not None:
        merge_lora(model)
    model.max_seq_length, whole = run.plan.train_tokens, model.max_seq_length
    found = blend(model, base, run.data.held_out, run.measure, before=report.before)
    model.max_seq_length = whole
    return replace(report, share=found.share, exported=found.figures)


def _export(model: SentenceTransformer, out: Path, base_model: str, plan: EncoderPlan) -> Exported:
    query_prompt, product_prompt = prompts_of(model, plan)
    with TemporaryDirectory(prefix="cartograph-encoder-") as folder:
        with quiet():
            model.save(folder, create_model_card=False)
        return export_encoder(
            Path(folder),
            out,
            base_model=base_model,
            max_tokens=plan.max_tokens,
            query_prompt=query_prompt,
            product_prompt=product_prompt,
        )
