from pathlib import Path

import pytest

from engine.backends.fusion_weights import FUSION, PART_FOLDER, FusionWeights
from engine.errors import ConfigError
from engine.plan import WEIGHT_OF_PART, RankingSettings
from index_builder.train.fusion.learn import learn_weights
from index_builder.train.fusion.store import add_fusion, write_fusion
from tests.unit.index_builder.train.fusion.graded_lists import lists_told_by


def test_what_was_learned_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = learn_weights(lists_told_by("coverage", {"lexical": 1.0}, 50), RankingSettings(), seed=7)

    write_fusion(report, tmp_path / "out")

    assert FusionWeights.open(tmp_path / "out", WEIGHT_OF_PART) == report.weights


def test_a_generation_gets_the_weights_and_the_card_beside_them(tmp_path: Path) -> None:
    FusionWeights(learned=True, reason="", queries=60, weights={"dense": 4.0}).write(tmp_path / "out")
    (tmp_path / "out" / "card.json").write_text("{}")
    (tmp_path / "out" / "curves.png").write_bytes(b"png")

    about = add_fusion(tmp_path / "out", tmp_path / "work")

    assert {file.name for file in (tmp_path / "work" / PART_FOLDER).iterdir()} == {FUSION, "card.json"}
    assert about == {"learned": True, "reason": "", "queries": 60, "weights": {"dense": 4.0}}


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no fusion\.json"):
        add_fusion(tmp_path, tmp_path / "work")
    with pytest.raises(ConfigError, match=r"holds no fusion\.json"):
        add_fusion(tmp_path / "absent", tmp_path / "work")


def test_weights_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / FUSION).write_text("{")

    with pytest.raises(ConfigError, match="cannot be used"):
        add_fusion(tmp_path, tmp_path / "work")
