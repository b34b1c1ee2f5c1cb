"""The whole recipe, on a shop of six wares and a body of 2 layers x 32."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from engine.files import files_below, sha256_of
from engine.types import RowArray
from index_builder.train.control import TrainingControl
from index_builder.train.queries.query import TrainingQuery
from index_builder.train.reranker.calibration import Method
from index_builder.train.reranker.reranker_plan import Listwise, RerankerPlan, RerankerReport
from index_builder.train.reranker.reranker_recipe import train_reranker
from tests.unit.index_builder.train.small_model import write_small_model
from tests.unit.index_builder.train.small_pairs import WARES, queries, ware

pytestmark = pytest.mark.usefixtures("one_torch_thread")

ROWS = 24
PLAN = RerankerPlan(
    teacher_layers=2,
    student_layers=1,
    max_tokens=16,
    batch_size=16,
    binary_epochs=2,
    listwise_epochs=2,
    student_epochs=2,
    learning_rate=1e-3,
    student_rate=1e-3,
    unlabelled_queries=3,
    unlabelled_depth=8,
)


@dataclass(frozen=True, slots=True)
class Training:
    train: Sequence[TrainingQuery]
    held_out: Sequence[TrainingQuery]


TRAINING = Training(queries(rows=ROWS), queries(rows=ROWS, adjective="new"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    with quiet():
        write_small_model(folder, pooling="mean")
    return folder / "model"


def everything(_query: str) -> RowArray:
    return np.arange(ROWS)


def train(
    base: Path,
    out: Path,
    *,
    plan: RerankerPlan = PLAN,
    control: TrainingControl | None = None,
    training: Training = TRAINING,
    teacher_out: Path | None = None,
) -> RerankerReport:
    return train_reranker(
        training,
        ware,
        base=base,
        out=out,
        base_model="small",
        candidates=everything,
        plan=plan,
        control=control,
        device="cpu",
        teacher_out=teacher_out,
    )


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_below(folder)}


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RerankerReport, Path]:
    folder = tmp_path_factory.mktemp("made")
    return train(base, folder / "student", teacher_out=folder / "teacher"), folder


def test_a_student_of_the_teachers_layers_is_written(made: tuple[RerankerReport, Path]) -> None:
    report, folder = made
    sizes = {
        name: json.loads((folder / name / "torch" / "config.json").read_text())["num_hidden_layers"]
        for name in ("student", "teacher")
    }

    assert sizes == {"student": 1, "teacher": 2}
    assert report.layers == 1
    assert [stage.name for stage in report.stages] == ["binary", "listwise", "student"]


def test_the_report_counts_what_was_learnt_from(made: tuple[RerankerReport, Path]) -> None:
    report, _ = made

    # 6 queries of 24 products; 3 of them with 8 products that a search found.
    assert (report.queries, report.pairs, report.unlabelled_pairs) == (6, 6 * ROWS, 3 * 8)
    assert report.held_out_queries == 6
    # Lists of 24 are dealt into two of 12: 12 lists, of which a batch takes 2.
    assert report.stages[0].steps <= 2 * 6
    assert json.loads(json.dumps(asdict(report)))["base_model"] == "small"


def test_both_can_be_served_and_give_probabilities(made: tuple[RerankerReport, Path]) -> None:
    report, folder = made
    for name in ("student", "teacher"):
        scorer = OnnxCrossEncoder.open(folder / name, threads=1)
        scores = scorer.score("ink", [ware(row) for row in range(6)])
        assert np.all((scores >= 0) & (scores <= 1))
    assert OnnxCrossEncoder.open(folder / "student", threads=1).spec.fingerprint == report.fingerprint


def test_the_score_served_is_calibrated(made: tuple[RerankerReport, Path]) -> None:
    report, folder = made
    scorer = OnnxCrossEncoder.open(folder / "student", threads=1)
    mean = float(
        np.mean([scorer.score(f"new {wanted}", [ware(row) for row in range(6)]) for wanted in WARES])
    )

    assert report.calibration.method is not Method.NONE
    assert report.calibration.ece_after < report.calibration.ece_before
    assert mean == pytest.approx(1 / 6, abs=0.06)  # one of six wares is what was asked for


def test_a_run_cut_off_in_the_last_stage_ends_as_if_it_had_not_been(
    base: Path, made: tuple[RerankerReport, Path], tmp_path: Path
) -> None:
    report, folder = made

    class CutOffError(Exception):
        pass

    def progress(done: int, total: int) -> None:
        if done == total - 1:
            raise CutOffError

    control = TrainingControl(tmp_path / "checkpoints", checkpoint_seconds=0, progress=progress)
    with pytest.raises(CutOffError):
        train(base, tmp_path / "out", control=control)
    told: list[tuple[int, int]] = []
    resumed = train(
        base,
        tmp_path / "out",
        control=TrainingControl(
            tmp_path / "checkpoints", resume=True, progress=lambda *so_far: told.append(so_far)
        ),
    )

    assert replace(resumed, seconds=report.seconds) == report
    assert hashes(tmp_path / "out") == hashes(folder / "student")
    assert len(told) == 1  # one step was left


def test_time_that_is_up_still_leaves_a_model(base: Path, tmp_path: Path) -> None:
    report = train(base, tmp_path, control=TrainingControl(max_seconds=0))

    assert report.out_of_time
    assert [stage.steps for stage in report.stages] == [0, 0, 0]
    assert OnnxCrossEncoder.open(tmp_path, threads=1).score("ink", ["a good ink"]).shape == (1,)


def test_steps_of_all_stages_are_one_line_for_the_tracker(base: Path, tmp_path: Path) -> None:
    told: list[int] = []

    class Tracker:
        def log(self, step: int, figures: Mapping[str, float]) -> None:
            assert all(math.isfinite(value) for value in figures.values())
            told.append(step)

    progress: list[tuple[int, int]] = []
    control = TrainingControl(tracker=Tracker(), progress=lambda *so_far: progress.append(so_far))
    train(base, tmp_path, plan=replace(PLAN, listwise=Listwise.LISTNET), control=control)

    assert told == sorted(told)
    assert len({total for _, total in progress}) == 1
    assert progress[-1][0] <= progress[-1][1]


def test_without_a_student_the_teacher_serves(base: Path, tmp_path: Path) -> None:
    report = train(base, tmp_path, plan=replace(PLAN, student_layers=0))

    assert (report.layers, report.student, report.unlabelled_pairs) == (2, None, 0)


def test_without_held_out_queries_nothing_is_measured_or_calibrated(base: Path, tmp_path: Path) -> None:
    report = train(base, tmp_path, training=replace(TRAINING, held_out=()))

    assert (report.teacher, report.student) == (None, None)
    assert report.calibration.method is Method.NONE


def test_one_sided_labels_are_refused_before_anything_is_written(base: Path, tmp_path: Path) -> None:
    answers = [replace(query, grades=np.ones(ROWS, np.float32)) for query in TRAINING.train]
    with pytest.raises(ConfigError, match="nothing to put last"):
        train(base, tmp_path / "out", training=replace(TRAINING, train=answers))

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"teacher_layers": 2, "student_layers": 3}, "2 and 3 were asked for"),
        ({"teacher_layers": 0, "student_layers": 0}, "at least one layer"),
        ({"max_tokens": 4}, "at least 8 tokens"),
    ],
)
def test_plans_that_make_no_sense_are_refused(options: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RerankerPlan(**options)  # type: ignore[arg-type]  # options of each case


def write_config(folder: Path, config: Mapping[str, object]) -> Path:
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "gpt2"}, "of the kind gpt2, which is no encoder"),
        ({"model_type": "t5"}, "of the kind t5, which is no encoder"),
        ({"model_type": "bert", "is_decoder": True}, "of the kind bert, which is no encoder"),
        ({"model_type": "nobody-knows"}, "no model that the package transformers knows"),
        ({}, "no model that the package transformers knows"),
    ],
)
def test_base_models_of_the_wrong_kind_are_refused(
    tmp_path: Path, config: Mapping[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        train(write_config(tmp_path, config), tmp_path / "out")


def test_an_encoder_without_a_tokeniser_is_refused(tmp_path: Path) -> None:
    folder = write_config(tmp_path, {"model_type": "bert"})
    with pytest.raises(ConfigError, match="has no tokeniser beside it"):
        train(folder, tmp_path / "out")


def test_a_folder_without_weights_or_with_another_models_is_refused(base: Path, tmp_path: Path) -> None:
    body = base if not (base / "0_Transformer").is_dir() else base / "0_Transformer"
    folder = Path(shutil.copytree(body, tmp_path / "body"))
    weights = load_file(folder / "model.safetensors")
    (folder / "modules.json").unlink(missing_ok=True)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        train(folder, tmp_path / "out")

    save_file({f"other.{name}": weight for name, weight in weights.items()}, folder / "model.safetensors")
    with pytest.raises(ConfigError, match=r"config\.json and weights are of different models"):
        train(folder, tmp_path / "out")


def test_the_same_input_gives_the_same_bytes(
    base: Path, made: tuple[RerankerReport, Path], tmp_path: Path
) -> None:
    torch.manual_seed(99)
    train(base, tmp_path)

    assert hashes(tmp_path) == hashes(made[1] / "student")
