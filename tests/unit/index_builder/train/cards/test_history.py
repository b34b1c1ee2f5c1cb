"""Figures outlive a killed run, and a run that goes on takes back what it says again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from engine.errors import DataError
from index_builder.train.cards.history import History


def test_figures_come_back_by_name_and_step(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.log(0, {"held_out/ndcg@10": 0.5})
    history.log(10, {"train/loss": 2.0, "train/learning_rate": 1e-5})
    history.log(20, {"train/loss": 1.0})

    assert history.series() == {
        "held_out/ndcg@10": [(0, 0.5)],
        "train/loss": [(10, 2.0), (20, 1.0)],
        "train/learning_rate": [(10, 1e-5)],
    }


def test_a_run_that_starts_anew_forgets_the_last(tmp_path: Path) -> None:
    History(tmp_path / "history.jsonl").log(10, {"train/loss": 2.0})

    assert History.start(tmp_path / "history.jsonl").series() == {}


def test_a_run_that_goes_on_overrules_the_steps_it_says_again(tmp_path: Path) -> None:
    killed = History.start(tmp_path / "history.jsonl")
    for step in (10, 20, 30):
        killed.log(step, {"train/loss": float(step)})

    resumed = History.resume(tmp_path / "history.jsonl")  # from a checkpoint at step 20
    resumed.log(30, {"train/loss": 0.3})
    resumed.log(40, {"train/loss": 0.2})

    assert resumed.series() == {"train/loss": [(10, 10.0), (20, 20.0), (30, 0.3), (40, 0.2)]}


def test_half_a_line_at_the_end_is_what_a_killed_run_leaves(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    History.start(path).log(10, {"train/loss": 2.0})
    with path.open("a") as file:
        file.write('{"step": 20, "figu')

    assert History(path).series() == {"train/loss": [(10, 2.0)]}
    resumed = History.resume(path)
    resumed.log(20, {"train/loss": 1.0})
    assert resumed.series() == {"train/loss": [(10, 2.0), (20, 1.0)]}


def test_a_run_may_be_gone_on_with_before_it_said_anything(tmp_path: Path) -> None:
    assert History.resume(tmp_path / "history.jsonl").series() == {}


@pytest.mark.parametrize("line", ["nonsense", '{"step": 1}', "[]", '{"step": "x", "figures": {}}'])
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(f'{line}\n{{"step": 2, "figures": {{"train/loss": 1.0}}}}\n')

    with pytest.raises(DataError, match=r"history\.jsonl:1: is no record of a training run"):
        History(path).series()


def test_what_is_not_finite_is_left_out(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.log(1, {"train/loss": math.nan, "train/gradient": 1.0})
    history.log(2, {"train/loss": math.inf})

    assert history.series() == {"train/gradient": [(1, 1.0)]}
