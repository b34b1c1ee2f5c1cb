"""Folders that a build is given: what is taken, and what is refused with which sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.backends.fusion_weights import FusionWeights
from engine.backends.model_files import ModelSpec
from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from engine.files import files_below, sha256_of
from index_builder.config import BuildSettings
from index_builder.models import ModelKind, TrainedModel, TrainedModels
from index_builder.train.cards.model_card import CardKind, CardSource, ModelCard
from index_builder.train.export import export_encoder
from index_builder.train.queries.query import Origin, TrainingPair
from index_builder.train.reranker.cross_encoder import train_cross_encoder
from index_builder.train.reranker.fitting import TrainingPlan
from tests.unit.index_builder.train.small_model import write_small_model

PAIRS = [
    TrainingPair("ink", "black ink cartridge", 1.0),
    TrainingPair("ink", "red cotton dress", 0.0),
    TrainingPair("dress", "red cotton dress", 1.0),
    TrainingPair("dress", "black ink cartridge", 0.0),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    with quiet():
        write_small_model(folder, pooling="mean")
    return folder / "model"


@pytest.fixture(scope="module")
def encoder(base: Path) -> Path:
    folder = base.parent / "encoder"
    export_encoder(base, folder, base_model="small")
    return folder


@pytest.fixture(scope="module")
def reranker(base: Path) -> Path:
    folder = base.parent / "reranker"
    plan = TrainingPlan(layers=1, max_tokens=24)
    train_cross_encoder(PAIRS, base=base, out=folder, base_model="small", plan=plan)
    return folder


@pytest.fixture
def copy(encoder: Path, tmp_path: Path) -> Path:
    """The encoder's folder, to be spoilt."""
    return Path(shutil.copytree(encoder, tmp_path / "copy"))


def refusal(folder: Path, kind: ModelKind = ModelKind.ENCODER) -> str:
    with pytest.raises(ConfigError) as raised:
        TrainedModel.read(folder, kind)
    message = raised.value.message
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_trained_folders_are_taken(encoder: Path, reranker: Path, tmp_path: Path) -> None:
    settings = BuildSettings(catalog=(tmp_path,), out=tmp_path, encoder=encoder, reranker=reranker)

    models = TrainedModels.read(settings)

    assert models.encoder is not None
    assert models.encoder.about() == {
        "base_model": "small",
        "fingerprint": ModelSpec.read(encoder).fingerprint,
        "trained": True,
    }
    assert models.reranker is not None
    assert models.reranker.spec.dimension == 1


def test_what_a_card_tells_goes_into_the_manifest(copy: Path) -> None:
    """Queries are counted by origin, those that an encoder learned through its teacher as well."""
    sources = (
        CardSource(Origin.GRAPH, queries=900, held_out_queries=100),
        CardSource(Origin.JUDGEMENTS, queries=30),
        CardSource(Origin.JUDGEMENTS, queries=20, through="teacher"),
    )
    figures = {"base model": {"ndcg@10": 0.5}, "trained": {"ndcg@10": 0.6}}
    ModelCard(CardKind.ENCODER, "small", "mit", sources, figures, {"dimensions": [16]}).write(copy)

    model = TrainedModel.read(copy, ModelKind.ENCODER)

    assert model.about()["learned_from"] == {"graph": 900, "judgements": 30 + 20}
    assert model.about()["figures"] == figures
    assert (model.can_be_cut(16), model.can_be_cut(8)) == (True, False)


def test_a_card_that_cannot_be_read_is_refused(copy: Path) -> None:
    (copy / "card.json").write_text("[]")

    assert refusal(copy).startswith(f"{copy / 'card.json'} is no model card")


def test_without_folders_there_are_no_trained_models(tmp_path: Path) -> None:
    assert TrainedModels.read(BuildSettings(catalog=(tmp_path,), out=tmp_path)) == TrainedModels()


def test_a_copy_holds_the_model_and_its_papers_and_nothing_else(copy: Path, tmp_path: Path) -> None:
    (copy / "README.md").write_text("# A model\n")
    (copy / "checkpoints").mkdir()
    (copy / "checkpoints" / "optimizer.safetensors").write_bytes(b"large")
    (copy / "loss.png").write_bytes(b"curve")
    model = TrainedModel.read(copy, ModelKind.ENCODER)

    model.copy(tmp_path / "out")

    kept = {name: sha256_of(path) for name, path in files_below(copy)}
    del kept["checkpoints/optimizer.safetensors"], kept["loss.png"]
    assert {name: sha256_of(path) for name, path in files_below(tmp_path / "out")} == kept
    assert OnnxEncoder.open(tmp_path / "out", threads=1).id == OnnxEncoder.open(copy, threads=1).id


def test_a_cross_encoder_is_no_encoder_and_the_other_way_round(encoder: Path, reranker: Path) -> None:
    assert refusal(reranker) == (f"{reranker} holds a cross-encoder, not an encoder: give it as --reranker.")
    assert refusal(encoder, ModelKind.RERANKER) == (
        f"{encoder} holds an encoder, not a cross-encoder: give it as --encoder."
    )


def test_a_folder_that_is_not_there_is_named_with_its_flag(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none", ModelKind.RERANKER) == (
        f"There is no folder {tmp_path / 'none'} to take the reranker from (--reranker)."
    )


def test_a_base_model_and_a_fusion_are_told_to_go_elsewhere(base: Path, tmp_path: Path) -> None:
    FusionWeights(True, "", 9, {"dense": 5.0}).write(tmp_path / "fusion")
    (tmp_path / "empty").mkdir()

    assert "give it as --base-model." in refusal(base)
    assert "give it as --fusion." in refusal(tmp_path / "fusion")
    assert refusal(tmp_path / "empty").endswith("Give the folder that `train encoder --out` wrote.")


def test_a_fusion_that_cannot_rank_is_told_at_once(tmp_path: Path) -> None:
    settings = BuildSettings(catalog=(tmp_path,), out=tmp_path, fusion=tmp_path)
    with pytest.raises(
        ConfigError, match=r"holds no fusion\.json. Give the folder that `train fusion --out`"
    ):
        TrainedModels.read(settings)

    FusionWeights(True, "", 9, {"magic": 5.0}).write(tmp_path)
    with pytest.raises(ConfigError, match="weighs magic, which this engine does not know"):
        TrainedModels.read(settings)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx", "torch"])
def test_a_folder_that_lacks_a_part_is_refused_by_its_name(copy: Path, name: str) -> None:
    path = copy / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert refusal(copy) == f"{path} is missing. Copy the folder again, or train the encoder again."


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "torch/model.safetensors"])
def test_a_folder_with_an_exchanged_file_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)

    assert f"The files in {copy} are not those" in refusal(copy)


@pytest.mark.parametrize(
    "change", [{"query_prompt": "find: "}, {"max_tokens": 12}, {"dimension": 16}, {"fingerprint": ""}]
)
def test_a_spec_that_was_edited_is_refused(copy: Path, change: dict[str, object]) -> None:
    spec = json.loads((copy / "spec.json").read_text())
    (copy / "spec.json").write_text(json.dumps(spec | change))

    assert f"The files in {copy} are not those" in refusal(copy)


def test_a_spec_that_is_no_spec_is_refused(copy: Path) -> None:
    (copy / "spec.json").write_text("{}")

    assert refusal(copy).startswith(f"{copy / 'spec.json'} does not describe a model")


def test_a_model_that_answers_as_no_encoder_is_refused(encoder: Path, reranker: Path, copy: Path) -> None:
    """A folder put together from two: its fingerprint is right, and its network asks for other inputs."""
    from index_builder.train.export import write_spec

    shutil.copyfile(reranker / "model.onnx", copy / "model.onnx")
    write_spec(ModelSpec.read(encoder), copy)

    assert refusal(copy).startswith(f"{copy / 'model.onnx'} does not answer as an encoder does.")
