"""Real networks, of 2 layers x 16, on 36 pairs."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.errors import ConfigError
from index_builder.train.control import TrainingControl
from index_builder.train.reranker.fit_checkpoints import read_state
from index_builder.train.reranker.fitting import Fitted, TrainingPlan, fit
from index_builder.train.reranker.pair_losses import Objective
from index_builder.train.reranker.pair_quality import logits_by_list, quality_of
from tests.unit.index_builder.train.small_pairs import SmallLessons, small_pair_model

pytestmark = pytest.mark.usefixtures("one_torch_thread")

# 6 lists of 6 pairs; a batch takes whole lists until it has 8 pairs: 3 steps an epoch.
PLAN = TrainingPlan(max_tokens=16, epochs=8, batch_size=8, learning_rate=1e-3, dropout=True)
STEPS = 24


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> SmallLessons:
    return SmallLessons.write(tmp_path_factory.mktemp("lessons"))


def train(
    lessons: SmallLessons, control: TrainingControl, plan: TrainingPlan = PLAN
) -> tuple[Fitted, Mapping[str, torch.Tensor]]:
    model = small_pair_model()
    fitted = fit(model, lessons.lists, lessons.spec, plan, control, held_out=lessons.lists[:3])
    return fitted, model.state_dict()


def same(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


class KilledError(Exception):
    """Ends a training in the middle of things."""


def killed_at(step: int, checkpoints: Path) -> TrainingControl:
    def progress(done: int, _total: int) -> None:
        if done == step:
            raise KilledError

    return TrainingControl(checkpoints, checkpoint_seconds=0, progress=progress)


def test_a_training_cut_off_anywhere_ends_as_if_it_had_not_been(
    lessons: SmallLessons, tmp_path: Path
) -> None:
    wanted, weights = train(lessons, TrainingControl())
    for step in (1, 8, STEPS):  # before the first look at held-out lists, between two, and after the last
        folder = tmp_path / str(step)
        with pytest.raises(KilledError):
            train(lessons, killed_at(step, folder))
        fitted, resumed = train(lessons, TrainingControl(folder, resume=True))

        assert fitted == wanted
        assert same(resumed, weights)


def test_a_killed_process_resumes_from_its_last_checkpoint(lessons: SmallLessons, tmp_path: Path) -> None:
    script = (
        "import sys, torch; from pathlib import Path\n"
        "from tests.unit.index_builder.train.small_pairs import SmallLessons\n"
        "from tests.unit.index_builder.train.reranker.test_fitting import TrainingControl, train\n"
        "torch.set_num_threads(1)\n"
        "def progress(done, total):\n"
        "    print(done, flush=True)\n"
        "    if done == 10: sys.stdin.read()\n"
        "folder = Path(sys.argv[1])\n"
        "control = TrainingControl(folder, checkpoint_seconds=0, progress=progress)\n"
        "train(SmallLessons.write(folder), control)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            if line.strip() == "10":
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
    told: list[int] = []
    control = TrainingControl(tmp_path, resume=True, progress=lambda done, _total: told.append(done))
    fitted, resumed = train(lessons, control)
    wanted, weights = train(lessons, TrainingControl())

    assert told[0] == 11
    assert fitted == wanted
    assert same(resumed, weights)


def test_a_finished_training_is_not_made_again(lessons: SmallLessons, tmp_path: Path) -> None:
    first, weights = train(lessons, TrainingControl(tmp_path))
    told: list[int] = []
    second, again = train(
        lessons, TrainingControl(tmp_path, resume=True, progress=lambda done, _total: told.append(done))
    )

    assert (second, told) == (first, [])
    assert same(again, weights)


def test_time_that_is_up_ends_it_cleanly_and_more_time_goes_on(lessons: SmallLessons, tmp_path: Path) -> None:
    stopped, _ = train(lessons, TrainingControl(tmp_path, max_seconds=0))
    assert (stopped.steps, stopped.out_of_time) == (0, True)
    assert stopped.best is not None  # the start is looked at, so there is something to keep

    assert train(lessons, TrainingControl(tmp_path, resume=True))[0].steps == STEPS


def test_other_input_starts_anew(lessons: SmallLessons, tmp_path: Path) -> None:
    train(lessons, TrainingControl(tmp_path))
    told: list[int] = []
    control = TrainingControl(tmp_path, resume=True, progress=lambda done, _total: told.append(done))
    train(lessons, control, replace(PLAN, seed=1))

    assert told[0] == 1


def test_the_best_step_is_kept(lessons: SmallLessons) -> None:
    # So high a rate that the network soon only gets worse.
    wild = replace(PLAN, learning_rate=30.0, weight_decay=0.0, patience=2, evaluations=24)
    model, held_out = small_pair_model(), lessons.lists[:3]
    fitted = fit(model, lessons.lists, lessons.spec, wild, TrainingControl(), held_out=held_out)

    assert fitted.steps == fitted.best_step + wild.patience < STEPS
    assert quality_of(logits_by_list(model, held_out, lessons.spec), held_out) == fitted.best


def test_the_tracker_is_told_loss_rate_and_held_out_figures(lessons: SmallLessons) -> None:
    told: list[tuple[int, Mapping[str, float]]] = []

    class Tracker:
        def log(self, step: int, figures: Mapping[str, float]) -> None:
            told.append((step, figures))

    train(lessons, TrainingControl(tracker=Tracker()), replace(PLAN, evaluations=2))
    steps = [step for step, figures in told if "fit/loss" in figures]
    looks = [step for step, figures in told if "held_out/ndcg@10" in figures]

    assert steps == list(range(1, STEPS + 1))
    assert looks == [0, 12, 24]
    assert all(math.isfinite(value) for _, figures in told for value in figures.values())


def test_training_learns_the_shop(lessons: SmallLessons) -> None:
    fitted, _ = train(lessons, TrainingControl(), replace(PLAN, epochs=30, dropout=False, patience=99))

    assert fitted.best is not None
    assert fitted.best.ndcg == 1.0
    assert fitted.losses[-1] < 0.5 * fitted.losses[0]


def test_the_generator_of_the_caller_is_left_alone(lessons: SmallLessons) -> None:
    before = torch.get_rng_state()
    train(lessons, TrainingControl(), replace(PLAN, epochs=1))

    assert torch.equal(torch.get_rng_state(), before)


def test_embeddings_stay_as_they_are(lessons: SmallLessons) -> None:
    model = small_pair_model()
    before = model.body.get_input_embeddings().weight.clone()
    fit(model, lessons.lists, lessons.spec, replace(PLAN, objective=Objective()), TrainingControl())

    assert torch.equal(model.body.get_input_embeddings().weight, before)


def test_a_damaged_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "fit.fit.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(ConfigError, match="is damaged; remove it"):
        read_state(path, "any")
