"""A card comes back as it was written, says all that a reader needs, and a broken one is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import DamagedGenerationError
from index_builder.train.cards.card_page import page_of
from index_builder.train.cards.model_card import (
    CARD,
    PAGE,
    UNKNOWN,
    CardKind,
    CardSource,
    DataFile,
    ModelCard,
)
from index_builder.train.cards.query_hashes import query_hashes
from index_builder.train.queries.query import Origin

JUDGED = CardSource(
    Origin.JUDGEMENTS,
    queries=2,
    held_out_queries=1,
    files=(DataFile("qrels.tsv", "f0" * 32),),
    query_hashes=query_hashes(["black ink", "red pen"]),
    held_out_hashes=query_hashes(["blue stapler"]),
)
COMPOSED = CardSource(Origin.GRAPH, queries=4_000, held_out_queries=200)
CARD_OF_AN_ENCODER = ModelCard(
    kind=CardKind.ENCODER,
    base_model="tiny-bert",
    licence="apache-2.0",
    sources=(JUDGED, COMPOSED),
    figures={"base model": {"ndcg@10": 0.5}, "trained": {"ndcg@10": 0.625, "recall@100": 0.75}},
    parameters={"learning_rate": 4e-5, "dimension": [64, 32], "query_prompt": "asks: "},
    seed=3,
    packages={"torch": "2.9.0"},
    weights={"model.onnx": "0a" * 32},
    command="python -m index_builder train encoder --catalog products.jsonl --out encoder --seed 3",
)


def test_a_card_survives_the_disk(tmp_path: Path) -> None:
    CARD_OF_AN_ENCODER.write(tmp_path)

    assert ModelCard.read(tmp_path) == CARD_OF_AN_ENCODER


def test_the_same_card_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    CARD_OF_AN_ENCODER.write(tmp_path / "a")
    replace(CARD_OF_AN_ENCODER, parameters=dict(reversed(list(CARD_OF_AN_ENCODER.parameters.items())))).write(
        tmp_path / "b"
    )

    for name in (CARD, PAGE):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_held_out_queries_count_as_seen() -> None:
    assert CARD_OF_AN_ENCODER.seen == frozenset(query_hashes(["black ink", "red pen", "blue stapler"]))
    assert CARD_OF_AN_ENCODER.files == frozenset({"f0" * 32})


def test_no_query_can_be_read_on_a_card() -> None:
    told = CARD_OF_AN_ENCODER.to_json() + page_of(CARD_OF_AN_ENCODER)

    assert not any(words in told for words in ("black ink", "red pen", "blue stapler"))


def test_a_folder_without_a_card_has_none(tmp_path: Path) -> None:
    assert ModelCard.read(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: "{", "is no model card (JSON"),
        (lambda data: json.dumps({**data, "kind": "oracle"}), "is no model card (kind"),
        (lambda data: json.dumps({**data, "seed": "three"}), "is no model card (seed"),
        (lambda data: json.dumps({key: data[key] for key in data if key != "sources"}), "(sources"),
        (lambda data: json.dumps({**data, "format_version": 9}), "has format version 9"),
    ],
)
def test_a_broken_card_is_named(tmp_path: Path, change: object, problem: str) -> None:
    assert callable(change)
    (tmp_path / CARD).write_text(change(json.loads(CARD_OF_AN_ENCODER.to_json())))

    with pytest.raises(DamagedGenerationError) as raised:
        ModelCard.read(tmp_path)

    assert str(tmp_path / CARD) in raised.value.message
    assert problem in raised.value.message


def test_people_read_data_figures_licence_hashes_limits_and_the_command() -> None:
    page = page_of(CARD_OF_AN_ENCODER)

    assert page.startswith('---\nlicense: "apache-2.0"\nbase_model: "tiny-bert"\n---\n')
    assert "| judgements | 2 | 1 | qrels.tsv `" + "f0" * 32 + "` |" in page
    assert "| queries composed from the catalogue and its graph | 4,000 | 200 |  |" in page
    assert "| on held-out queries | ndcg@10 | recall@100 |" in page
    assert "| trained | 0.6250 | 0.7500 |" in page
    assert "| base model | 0.5000 |  |" in page
    assert CARD_OF_AN_ENCODER.command in page
    assert "torch 2.9.0" in page
    assert "| model.onnx | `" + "0a" * 32 + "` |" in page
    assert "## Limits" in page


def test_an_unknown_licence_is_said_to_be_unknown() -> None:
    assert "licence is not known" in page_of(replace(CARD_OF_AN_ENCODER, licence=UNKNOWN))


def test_a_fusion_inherits_no_licence_and_has_no_head() -> None:
    page = page_of(ModelCard(CardKind.FUSION, "", "", (JUDGED,)))

    assert page.startswith("# Fusion\n")
    assert "licence" not in page
    assert "None were measured" in page
