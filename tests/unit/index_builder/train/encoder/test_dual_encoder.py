from __future__ import annotations

import gc
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from engine.backends.encoder import DualEncoder, open_encoder
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from engine.files import files_below, sha256_of
from engine.types import FloatArray, RowArray
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.dual_encoder import train_dual_encoder
from index_builder.train.encoder.encoder_estimate import estimate_encoder
from index_builder.train.encoder.encoder_plan import Adversary, EncoderPlan, EncoderReport, LoraPlan, LossPlan
from index_builder.train.encoder.encoder_run import EncoderData, EncoderRun
from index_builder.train.encoder.rounds import Teacher
from index_builder.train.encoder.run_folder import open_run_folder
from tests.unit.index_builder.train.small_model import write_small_model
from tests.unit.index_builder.train.small_queries import PLAN, TEXTS, small_data

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> Iterator[None]:
    """The trainer collects garbage before each training: a second where a test session holds much."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    with quiet():
        write_small_model(folder, pooling="mean")
    return folder / "model"


@dataclass
class Notes:
    """A tracker that remembers."""

    steps: dict[str, list[int]] = field(default_factory=dict)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for name in figures:
            self.steps.setdefault(name, []).append(step)


def nearest(encoder: DualEncoder, _round: int) -> list[RowArray]:
    """The products that lie nearest to each training query, answers too; they move with the weights."""
    data = small_data()
    cosines = encoder.encode_queries([query.text for query in data.train]) @ encoder.encode_products(TEXTS).T
    return [np.argsort(-row, kind="stable")[:3] for row in cosines]


def train(base: Path, out: Path, plan: EncoderPlan = PLAN, data: EncoderData | None = None) -> EncoderReport:
    return train_dual_encoder(
        data or small_data(),
        base=base,
        base_model="small",
        out=out,
        negatives=nearest,
        plan=plan,
        device="cpu",
    )


Weights = Mapping[str, torch.Tensor]


def learn(
    base: Path,
    plan: EncoderPlan = PLAN,
    control: TrainingControl | None = None,
    data: EncoderData | None = None,
) -> tuple[EncoderReport, Weights | None]:
    """All but the export: the report, whatever the clock said, and the best weights."""
    control = control or TrainingControl()
    with open_run_folder(control, "small") as folder:
        run = EncoderRun(data or small_data(), plan, control, folder, base=base, device="cpu")
        report = run.train(nearest)
        return replace(report, seconds=0.0), run.best.load()


def same(one: Weights | None, other: Weights | None) -> bool:
    return one is not None and other is not None and all(torch.equal(one[name], other[name]) for name in one)


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_below(folder)}


def test_training_finds_the_held_out_queries_better_and_can_be_served(base: Path, tmp_path: Path) -> None:
    report = train(base, tmp_path, replace(PLAN, steps=12, evaluate_every=8))
    encoder = open_encoder(tmp_path, device="cpu", threads=1)

    assert (report.queries, report.left_out, report.steps, report.examples) == (40, 0, 24, 24 * 8)
    assert [each.step for each in report.evaluations] == [0, 8, 16, 24]
    assert report.best["score"] > report.before["score"] + 0.05
    assert report.last_loss < 0.5 * report.first_loss
    assert report.ended == "done"
    # A product found by its own words, with the prompts that training used, in int8.
    found = (encoder.encode_queries(["green desk"]) @ encoder.encode_products(TEXTS).T)[0]
    assert TEXTS[int(found.argmax())] == "a good green desk"


def test_the_same_queries_and_seed_give_the_same_bytes(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path / "first")
    torch.manual_seed(99)
    before = torch.get_rng_state()
    train(base, tmp_path / "second")

    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")
    assert torch.equal(torch.get_rng_state(), before)
    assert not same(learn(base)[1], learn(base, replace(PLAN, seed=1))[1])


def test_a_base_model_that_nothing_beats_is_exported_as_it_is(base: Path, tmp_path: Path) -> None:
    """A learning rate of 3 leaves noise; after two evaluations without a gain training gives up."""
    report = train(
        base, tmp_path, replace(PLAN, learning_rate=3.0, evaluate_every=2, patience=2, dimensions=())
    )
    encoder = open_encoder(tmp_path, device="cpu", threads=1)

    assert (report.best_step, report.steps, report.ended) == (0, 4, "patience")
    assert report.best == report.before
    with quiet():
        original = SentenceTransformer(str(base), device="cpu", local_files_only=True)
    wanted = original.encode(["query: ink"], normalize_embeddings=True)
    assert (encoder.encode_queries(["ink"]) * wanted).sum() > 0.99


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from index_builder.train.control import TrainingControl
from tests.unit.index_builder.train.encoder.test_dual_encoder import PLAN, learn
def die(done, total):
    if done == 6:
        os.kill(os.getpid(), signal.SIGKILL)
learn(Path(sys.argv[1]), PLAN, TrainingControl(Path(sys.argv[2]), progress=die))
"""


def test_a_killed_run_ends_with_the_weights_that_it_would_have_had(base: Path, tmp_path: Path) -> None:
    """Killed after the sixth step, in the second round; the checkpoint is of the fourth, at its beginning."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, base, tmp_path / "run"], check=False, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout == ""
    steps: list[int] = []
    control = TrainingControl(tmp_path / "run", resume=True, progress=lambda done, _total: steps.append(done))
    report, weights = learn(base, control=control)
    wanted_report, wanted_weights = learn(base)

    assert steps == [5, 6, 7, 8]
    assert report == wanted_report
    assert same(weights, wanted_weights)


def test_a_run_ended_from_the_keyboard_within_a_round_goes_on_with_the_negatives_of_that_round(
    base: Path, tmp_path: Path
) -> None:
    """Mined again they would be others, for the weights have moved since. Dropout goes on as well."""
    plan = replace(PLAN, evaluate_every=3, dropout=True)

    def die(done: int, _total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    control = TrainingControl(tmp_path / "run", progress=die)
    with pytest.raises(KeyboardInterrupt):
        learn(base, plan, control)
    resumed = learn(base, plan, TrainingControl(tmp_path / "run", resume=True))
    unkilled = learn(base, plan)

    assert resumed[0] == unkilled[0]
    assert same(resumed[1], unkilled[1])


def test_a_run_that_ended_goes_straight_to_its_export(base: Path, tmp_path: Path) -> None:
    control = TrainingControl(tmp_path / "run")
    first = learn(base, control=control)
    again = learn(base, control=replace(control, resume=True))

    assert first[0] == again[0]
    assert same(first[1], again[1])


def test_time_ends_training_at_a_step_with_the_best_weights(base: Path, tmp_path: Path) -> None:
    report, _ = learn(base, control=TrainingControl(tmp_path, max_seconds=0.0))
    longer, _ = learn(base, control=TrainingControl(tmp_path, resume=True))

    assert (report.steps, report.ended) == (1, "time")
    assert [each.step for each in report.evaluations] == [0, 1]
    assert (longer.steps, longer.ended) == (8, "done")


def test_figures_and_progress_are_told_and_nothing_is_printed_or_written_elsewhere(
    base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    notes = Notes()
    told: list[tuple[int, int]] = []
    control = TrainingControl(tmp_path / "run", progress=lambda *so_far: told.append(so_far), tracker=notes)
    learn(base, replace(PLAN, steps=5), control)

    assert told == [(done, 10) for done in range(1, 11)]
    assert notes.steps["held_out/ndcg@10"] == [0, 4, 8, 10]
    assert notes.steps["train/loss"] == [4, 8, 10]
    assert capfd.readouterr() == ("", "")
    assert list((tmp_path / "here").iterdir()) == []
    kept = sorted(path.name for path in (tmp_path / "run").iterdir() if path.is_dir())
    assert kept == ["checkpoint-10", "checkpoint-8"]


class Words:
    """A teacher: the share of the query's words that the text has."""

    device = "cpu"

    def score(self, query: str, texts: Sequence[str]) -> FloatArray:
        return self.score_pairs([query] * len(texts), texts)

    def score_pairs(self, queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
        pairs = zip(queries, texts, strict=True)
        return np.array(
            [np.mean([word in text.split() for word in query.split()]) for query, text in pairs], np.float32
        )


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, lora=LoraPlan(rank=8)),
        replace(PLAN, adversary=Adversary.FGM),
        replace(PLAN, adversary=Adversary.AWP, adversary_strength=0.01),
        replace(PLAN, loss=LossPlan(distillation=5.0)),
        replace(PLAN, mini_batch_size=4, dropout=True, negatives=2, learning_rate=2e-3),
    ],
    ids=["lora", "fgm", "awp", "distillation", "cached"],
)
def test_every_variant_learns(base: Path, plan: EncoderPlan) -> None:
    data = replace(small_data(), teacher=Teacher(Words(), TEXTS))
    plan = replace(plan, steps=10, rounds=1, evaluate_every=10)
    report, _ = learn(base, plan, data=data)

    assert report.best_step == 10
    assert report.best["score"] > report.before["score"]


def test_an_estimate_runs_a_few_steps_and_leaves_nothing(base: Path, tmp_path: Path) -> None:
    estimate = estimate_encoder(small_data(), base=base, out=tmp_path / "out", plan=PLAN, device="cpu")

    # Eight steps, and three evaluations: of the base model, after the fourth and after the eighth.
    wanted = 8 * estimate.seconds_a_step + 3 * estimate.seconds_an_evaluation
    assert estimate.seconds == pytest.approx(wanted)
    assert estimate.seconds_a_step > 0
    assert estimate.memory_mib > 100
    assert list(tmp_path.iterdir()) == []


def test_too_few_queries_are_refused_before_anything_is_written(base: Path, tmp_path: Path) -> None:
    data = small_data()
    with pytest.raises(ConfigError, match="There are 5 training queries"):
        train(base, tmp_path / "out", data=replace(data, train=data.train[:5]))
    assert not (tmp_path / "out").exists()
