"""What training an encoder would take, from a few steps of it (for --dry-run)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import monotonic

import torch

from engine.backends.device import choose_device
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.encoder_checks import (
    check_data,
    check_disk,
    check_packages,
    checkpoint_bytes,
)
from index_builder.train.encoder.encoder_plan import EncoderEstimate, EncoderPlan
from index_builder.train.encoder.encoder_run import EncoderData, EncoderRun
from index_builder.train.encoder.rounds import no_negatives
from index_builder.train.encoder.run_folder import open_run_folder
from index_builder.train.resources import MIB, peak_bytes

_STEPS = 4
"""The first one warms up and is not counted."""


def estimate_encoder(
    data: EncoderData, *, base: Path, out: Path, plan: EncoderPlan | None = None, device: str = "auto"
) -> EncoderEstimate:
    """Learn for a few steps, in a temporary folder, and measure. Mining and export are not in it.

    Raises ConfigError for all that train_dual_encoder would refuse.
    """
    plan, device = plan or EncoderPlan(), choose_device(device)
    check_packages(plan)
    check_data(data.train, data.held_out, data.teacher is not None, plan)
    times: list[float] = []
    control = TrainingControl(progress=lambda _done, _total: times.append(monotonic()))
    short = replace(plan, rounds=1, steps=_STEPS, evaluate_every=2 * _STEPS)
    with open_run_folder(control, "") as folder:
        run = EncoderRun(data, short, control, folder, base=base, device=device)
        check_disk(out, out, run.model)
        run.train(no_negatives)
        started = monotonic()
        run.measure()
    evaluation = monotonic() - started
    step = median(after - before for before, after in pairwise(times))
    evaluations = 1 + plan.total_steps // plan.evaluate_every + (plan.total_steps % plan.evaluate_every > 0)
    return EncoderEstimate(
        seconds=step * plan.total_steps + evaluation * evaluations,
        seconds_a_step=step,
        seconds_an_evaluation=evaluation,
        memory_mib=peak_bytes(torch.device(device)) // MIB,
        disk_mib=checkpoint_bytes(run.model) // MIB,
    )
