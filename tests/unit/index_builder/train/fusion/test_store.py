from dataclasses import replace
from pathlib import Path

import pytest

from engine.backends.fusion_weights import FUSION, PART_FOLDER, FusionWeights
from engine.backends.model_files import SPEC, ModelSpec
from engine.errors import ConfigError
from engine.plan import WEIGHT_OF_PART, RankingSettings
from index_builder.train.fusion.learn import learn_weights
from index_builder.train.fusion.store import add_fusion, write_fusion
from tests.unit.index_builder.train.fusion.graded_lists import lists_told_by

WON = FusionWeights(learned=True, reason="", queries=60, weights={"dense": 4.0}, encoder="e1")
ENCODER = ModelSpec(4, 32, 0, ("input_ids",), "small", "")


def test_what_was_learned_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = learn_weights(lists_told_by("coverage", {"lexical": 1.0}, 50), RankingSettings(), seed=7)

    write_fusion(report, tmp_path / "out", encoder="e1")

    assert FusionWeights.open(tmp_path / "out", WEIGHT_OF_PART) == replace(report.weights, encoder="e1")


def generation_with_an_encoder(folder: Path, fingerprint: str) -> Path:
    encoder = folder / "encoder"
    encoder.mkdir(parents=True)
    spec = replace(ENCODER, fingerprint=fingerprint)
    (encoder / SPEC).write_text(spec.to_json())
    return folder


def test_a_generation_gets_the_weights_and_the_card_beside_them(tmp_path: Path) -> None:
    WON.write(tmp_path / "out")
    (tmp_path / "out" / "card.json").write_text("{}")
    (tmp_path / "out" / "curves.png").write_bytes(b"png")
    work = generation_with_an_encoder(tmp_path / "work", "e1")

    about = add_fusion(tmp_path / "out", work)

    assert {file.name for file in (work / PART_FOLDER).iterdir()} == {FUSION, "card.json"}
    assert about == {"learned": True, "reason": "", "queries": 60, "weights": {"dense": 4.0}}


def test_weights_that_were_learned_with_another_encoder_are_refused(tmp_path: Path) -> None:
    WON.write(tmp_path / "out")
    work = generation_with_an_encoder(tmp_path / "work", "e2")

    with pytest.raises(ConfigError, match=r"another encoder \(e1\) than this build's \(e2\)"):
        add_fusion(tmp_path / "out", work)

    assert not (work / PART_FOLDER).exists()


def test_weights_that_do_not_rank_fit_every_encoder(tmp_path: Path) -> None:
    replace(WON, learned=False, weights={}).write(tmp_path / "out")

    assert not add_fusion(tmp_path / "out", generation_with_an_encoder(tmp_path / "work", "e2"))["learned"]


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no fusion\.json"):
        add_fusion(tmp_path, tmp_path / "work")
    with pytest.raises(ConfigError, match=r"holds no fusion\.json"):
        add_fusion(tmp_path / "absent", tmp_path / "work")


def test_weights_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / FUSION).write_text("{")

    with pytest.raises(ConfigError, match="cannot be used"):
        add_fusion(tmp_path, tmp_path / "work")
