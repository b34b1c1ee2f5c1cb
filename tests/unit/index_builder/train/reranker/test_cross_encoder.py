from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from engine.files import files_below, sha256_of
from index_builder.train.queries.query import TrainingPair
from index_builder.train.reranker.cross_encoder import TrainingReport, train_cross_encoder
from index_builder.train.reranker.fitting import TrainingPlan
from tests.unit.index_builder.train.small_model import write_small_model

pytestmark = pytest.mark.usefixtures("one_torch_thread")

WARES = ["ink", "kettle", "shoe", "lamp", "printer", "desk"]
PAIRS = [
    TrainingPair(wanted, f"a good {offered}", float(wanted == offered))
    for wanted in WARES
    for offered in WARES
]
PLAN = TrainingPlan(layers=2, max_tokens=16, epochs=2, batch_size=8, learning_rate=1e-3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    with quiet():
        write_small_model(folder, pooling="mean")
    return folder / "model"


def train(base: Path, out: Path, plan: TrainingPlan, **options: object) -> TrainingReport:
    return train_cross_encoder(PAIRS, base=base, out=out, base_model="small", plan=plan, **options)  # type: ignore[arg-type]  # options are given by name in each test


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_below(folder)}


def test_training_lowers_the_loss(base: Path, tmp_path: Path) -> None:
    report = train(
        base, tmp_path, TrainingPlan(layers=2, max_tokens=16, epochs=20, batch_size=12, learning_rate=1e-3)
    )

    assert report.last_loss < 0.8 * report.first_loss


def test_the_same_pairs_and_seed_give_the_same_bytes(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path / "first", PLAN)
    torch.manual_seed(99)
    train(base, tmp_path / "second", PLAN)

    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")


def test_steps_follow_from_the_pairs_and_not_from_the_clock(base: Path, tmp_path: Path) -> None:
    # 6 queries of 6 pairs; a batch takes whole queries until it has 8 pairs: 2 queries, 3 batches an epoch.
    assert train(base, tmp_path, PLAN).steps == 2 * 3
    assert train(base, tmp_path, TrainingPlan(layers=1, max_tokens=16, max_steps=1)).steps == 1


def test_layers_can_be_fewer_than_the_base_has_but_not_more(base: Path, tmp_path: Path) -> None:
    sizes = {}
    for layers in (1, 2, 9):
        train(base, tmp_path / str(layers), TrainingPlan(layers=layers, max_tokens=16, max_steps=1))
        sizes[layers] = (tmp_path / str(layers) / "torch" / "model.safetensors").stat().st_size

    assert sizes[1] < sizes[2] == sizes[9]


def test_progress_counts_steps(base: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    train(base, tmp_path, PLAN, progress=lambda *so_far: told.append(so_far))

    assert told == [(done, 6) for done in range(1, 7)]


def test_the_folder_can_be_served(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path, PLAN)
    scorer = OnnxCrossEncoder.open(tmp_path, threads=1)

    assert scorer.score("ink", ["a good ink", "a good shoe"]).shape == (2,)
    assert scorer.spec.inputs == ("input_ids", "attention_mask", "token_type_ids", "segments")


def test_no_pairs_are_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no training pairs"):
        train_cross_encoder([], base=base, out=tmp_path, base_model="small")
