"""What is told of a training: hashes where people asked, names without folders, a command that repeats it."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

import numpy as np
import pytest

from engine.commands.flags import given_flags
from engine.commands.settings import read_settings
from index_builder.__main__ import _parser
from index_builder.config import BuildSettings
from index_builder.train.cards.card_facts import (
    command_of,
    inherited,
    licence_of,
    make_card,
    package_versions,
    parameters_of,
    plain_name,
    sources_of,
    weight_hashes,
)
from index_builder.train.cards.model_card import UNKNOWN, CardKind, CardSource, DataFile, ModelCard
from index_builder.train.cards.query_hashes import query_hashes
from index_builder.train.queries.query import Origin, TrainingQuery


def asked(text: str, origin: Origin) -> TrainingQuery:
    row = np.zeros(1, np.int64)
    return TrainingQuery(text, row, np.ones(1, np.float32), row, origin)


def test_peoples_queries_are_hashed_composed_ones_counted(tmp_path: Path) -> None:
    (tmp_path / "qrels.tsv").write_bytes(b"q1\ta\t1\n")

    judged, composed = sources_of(
        [asked("ink", Origin.JUDGEMENTS), asked("black ink", Origin.GRAPH), asked("pen", Origin.JUDGEMENTS)],
        [asked("stapler", Origin.JUDGEMENTS)],
        {Origin.JUDGEMENTS: [tmp_path / "qrels.tsv"]},
    )

    assert judged == CardSource(
        Origin.JUDGEMENTS,
        2,
        1,
        (DataFile("qrels.tsv", hashlib.sha256(b"q1\ta\t1\n").hexdigest()),),
        query_hashes(["ink", "pen"]),
        query_hashes(["stapler"]),
    )
    assert composed == CardSource(Origin.GRAPH, 1)


def test_what_a_teacher_learned_its_student_learned(tmp_path: Path) -> None:
    events = CardSource(Origin.EVENTS, 1, query_hashes=query_hashes(["ink"]))
    ModelCard(CardKind.RERANKER, "tiny-bert", UNKNOWN, (events,)).write(tmp_path)

    (source,) = inherited(tmp_path, "teacher")
    (from_weights,) = inherited(tmp_path / "torch", "base model")

    assert (source.through, source.query_hashes) == ("teacher", events.query_hashes)
    assert from_weights.through == "base model"
    assert inherited(tmp_path / "elsewhere", "teacher") == ()


def test_a_licence_stands_on_the_models_own_page(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: 'mit'\n---\n# license: none\n")

    assert licence_of(tmp_path, "rich") == "mit"


def test_without_a_page_the_package_tells_the_licence(tmp_path: Path) -> None:
    assert licence_of(tmp_path, "rich") == "MIT"
    assert licence_of(tmp_path, "a-package-nobody-made") == UNKNOWN
    assert licence_of(tmp_path, "") == UNKNOWN


def test_a_page_without_a_head_tells_no_licence(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A model\nlicense: mit\n")

    assert licence_of(tmp_path, "a-package-nobody-made") == UNKNOWN


def test_weights_are_hashed_and_checkpoints_are_not(tmp_path: Path) -> None:
    for name in ("model.onnx", "torch/model.safetensors", "checkpoints/best-1.safetensors", "curves.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())

    assert weight_hashes(tmp_path) == {
        name: hashlib.sha256(name.encode()).hexdigest() for name in ("model.onnx", "torch/model.safetensors")
    }


def test_installed_packages_are_told_with_their_version() -> None:
    assert package_versions()["numpy"] == np.__version__


SETTINGS = BuildSettings(
    catalog=(Path("/home/anna/shop a/products.jsonl"), Path("more.csv")),
    out=Path("/srv/data"),
    base_model="/home/anna/models/body",
    graph_models=False,
    seed=5,
)


def test_a_command_names_files_without_their_folders() -> None:
    assert command_of("encoder", SETTINGS) == (
        "python -m index_builder train encoder --catalog products.jsonl --catalog more.csv --out data "
        "--base-model body --no-graph-models --seed 5"
    )


def test_a_command_gives_the_settings_again() -> None:
    words = shlex.split(command_of("x", SETTINGS))[5:]
    parsed = _parser().parse_args(["build", *words])

    again = read_settings(BuildSettings, given_flags(parsed, BuildSettings))

    assert parameters_of(again) == parameters_of(SETTINGS)


def test_parameters_hold_no_path_and_no_output() -> None:
    told = parameters_of(SETTINGS)

    assert told["catalog"] == ["products.jsonl", "more.csv"]
    assert told["base_model"] == "body"
    assert "out" not in told
    assert "anna" not in str(told)


@pytest.mark.parametrize(
    ("given", "shown"), [("~/models/body", "body"), ("./body", "body"), ("owner/model", "owner/model")]
)
def test_only_a_folders_path_is_cut(given: str, shown: str) -> None:
    assert plain_name(given) == shown


def test_a_card_brings_it_all_together(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "README.md").write_text("---\nlicense: mit\n---\n")
    sources = sources_of([asked("ink", Origin.JUDGEMENTS)])

    card = make_card(
        CardKind.ENCODER,
        tmp_path,
        SETTINGS,
        sources,
        {"trained": {"ndcg@10": 2 / 3}},
        seed=5,
        base=tmp_path / "base",
        base_model="/home/anna/models/body",
    )

    assert (card.base_model, card.licence, card.sources) == ("body", "mit", sources)
    assert card.figures == {"trained": {"ndcg@10": 0.666667}}
    assert card.weights == {"model.onnx": hashlib.sha256(b"weights").hexdigest()}
    assert card.command == command_of("encoder", SETTINGS)
    card.write(tmp_path)
    assert ModelCard.read(tmp_path) == card
    assert "anna" not in card.to_json()


def test_a_fusion_starts_from_no_model(tmp_path: Path) -> None:
    card = make_card(CardKind.FUSION, tmp_path, SETTINGS, (), {}, seed=5)

    assert (card.base_model, card.licence) == ("", "")
