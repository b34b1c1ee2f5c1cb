from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.errors import ConfigError
from index_builder.train.encoder.encoder_checks import (
    check_data,
    check_disk,
    check_packages,
    checkpoint_bytes,
)
from index_builder.train.encoder.encoder_plan import EncoderPlan, LoraPlan, LossPlan
from tests.unit.index_builder.train.small_queries import query

PLAN = EncoderPlan()
MANY = [query(str(row), {row: 1.0}) for row in range(40)]
NO_ANSWER = query("ink", {0: 0.3})


class Model(nn.Module):
    """2**20 weights that learn, in 4 MiB, and as many that do not."""

    def __init__(self) -> None:
        super().__init__()
        self.learning = nn.Parameter(torch.zeros(2**20))
        self.frozen = nn.Parameter(torch.zeros(2**20), requires_grad=False)


def test_enough_queries_pass() -> None:
    check_data(MANY, MANY[:8], has_teacher=False, plan=PLAN)


def test_too_few_queries_with_answers_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"There are 31 training queries with a product .*, of 32; .* at least 32"
    ):
        check_data([*MANY[:31], NO_ANSWER], MANY, has_teacher=False, plan=PLAN)
    with pytest.raises(
        ConfigError, match=r"There are 7 held-out queries with a product .*, of 7; .* at least 8"
    ):
        check_data(MANY, MANY[:7], has_teacher=False, plan=PLAN)


def test_distillation_needs_a_teacher() -> None:
    plan = replace(PLAN, loss=LossPlan(distillation=1.0))
    check_data(MANY, MANY, has_teacher=True, plan=plan)
    with pytest.raises(ConfigError, match="Distillation was asked for without a cross-encoder"):
        check_data(MANY, MANY, has_teacher=False, plan=plan)


def test_missing_packages_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("datasets", "peft") else object()
    )

    with pytest.raises(
        ConfigError, match=r"\(datasets\)\. Install them: pip install 'cartograph-search\[train\]'"
    ):
        check_packages(PLAN)
    with pytest.raises(ConfigError, match=r"\(datasets, peft\)"):
        check_packages(replace(PLAN, lora=LoraPlan()))


def test_checkpoints_are_of_what_learns(tmp_path: Path) -> None:
    # 3 checkpoints of weights and two means, and the best weights twice: 11 times 4 MiB.
    assert checkpoint_bytes(Model()) == 11 * 4 * 2**20  # type: ignore[arg-type]  # any module will do


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    check_disk(tmp_path, tmp_path / "not" / "there yet", Model())  # type: ignore[arg-type]  # any module will do
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=50 * 2**20))

    # 11 * 4 MiB with a fifth to spare.
    with pytest.raises(ConfigError, match="50 MiB free, and training needs about 52 MiB"):
        check_disk(tmp_path, tmp_path, Model())  # type: ignore[arg-type]  # any module will do


@pytest.mark.parametrize(
    ("setting", "value"), [("rounds", 0), ("steps", 0), ("negatives", 0), ("batch_size", 1), ("patience", 0)]
)
def test_a_plan_says_which_number_is_too_small(setting: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"{setting} is {value}"):
        EncoderPlan(**{setting: value})  # type: ignore[arg-type]  # all of them are integers
    with pytest.raises(ConfigError, match="rank of LoRA is 0"):
        LoraPlan(rank=0)
