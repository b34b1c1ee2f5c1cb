from __future__ import annotations

from pathlib import Path

import pytest
import torch

from index_builder.train.encoder.best_weights import BestWeights


def contest(folder: Path, *scores: float) -> BestWeights:
    """Step i has the weight i and the score scores[i]."""
    best = BestWeights(folder)
    for step, score in enumerate(scores):
        best.add(step, {"score": score}, {"weight": torch.tensor([float(step)])})
    return best


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("scores", "step", "waited"),
    [
        ((0.5,), 0, 0),
        ((0.5, 0.6, 0.55), 1, 1),
        ((0.5, 0.5), 0, 1),
        ((0.5, 0.6, 0.6), 1, 1),
        ((0.5, 0.4, 0.7), 2, 0),
    ],
)
def test_only_a_gain_takes_the_first_place(
    tmp_path: Path, scores: tuple[float, ...], step: int, waited: int
) -> None:
    best = contest(tmp_path, *scores)
    weights = best.load()

    assert (best.best.step, best.waited) == (step, waited)
    assert (weights is None) == (step == 0)
    assert weights is None or weights["weight"].item() == step


def test_a_run_goes_on_as_things_stood_at_its_checkpoint(tmp_path: Path) -> None:
    contest(tmp_path, 0.5, 0.6, 0.55, 0.9)
    resumed = BestWeights.resume(tmp_path, 2)
    weights = resumed.load()

    assert (resumed.best.step, resumed.waited, len(resumed.evaluations)) == (1, 1, 3)
    assert weights is not None
    assert weights["weight"].item() == 1


def test_what_is_best_no_longer_goes_once_a_checkpoint_knows(tmp_path: Path) -> None:
    best = contest(tmp_path, 0.5, 0.6, 0.7)
    assert names(tmp_path) == ["best-1.safetensors", "best-2.safetensors", "evaluations.json"]
    best.tidy()
    assert names(tmp_path) == ["best-2.safetensors", "evaluations.json"]


def test_one_of_several_processes_writes(tmp_path: Path) -> None:
    best = BestWeights(tmp_path)
    best.add(0, {"score": 0.5}, {}, write=False)

    assert best.best.figures == {"score": 0.5}
    assert names(tmp_path) == []
