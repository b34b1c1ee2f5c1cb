import json
from pathlib import Path
from typing import Any

import pytest

from engine.backends.fusion_weights import FUSION, PARTS_VERSION, FusionWeights
from engine.errors import DamagedGenerationError

KNOWN = ("lexical", "dense")
GOOD = FusionWeights(
    learned=True,
    reason="won",
    queries=80,
    weights={"lexical": 1.5, "dense": 0},
    figures={"learned": {"mrr": 0.9}},
)


def written(folder: Path, **changes: Any) -> Path:
    GOOD.write(folder)
    file = folder / FUSION
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return folder


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    GOOD.write(tmp_path / "fusion")

    assert FusionWeights.open(tmp_path / "fusion", KNOWN) == GOOD


def test_a_generation_without_them_has_none(tmp_path: Path) -> None:
    assert FusionWeights.open(tmp_path / "fusion", KNOWN) is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weights": {"lexcial": 1.0}}, "weighs lexcial, which this engine does not know"),
        ({"parts_version": PARTS_VERSION + 1}, "has to be trained again"),
        ({"weights": {"dense": -1.0}}, "the weight of dense is -1.0"),
        ({"weights": {"dense": float("nan")}}, "the weight of dense is nan"),
        ({"weights": {"dense": "5"}}, "the weight of dense is '5', not a number"),
        ({"weights": {"dense": True}}, "the weight of dense is True, not a number"),
        ({"weights": None}, "cannot be read"),
        ({"learned": "yes"}, "neither true nor false"),
        ({"unheard_of": 1}, "cannot be read"),
    ],
)
def test_what_is_wrong_with_them_is_told(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DamagedGenerationError, match=problem) as caught:
        FusionWeights.open(written(tmp_path, **changes), KNOWN)

    assert str(tmp_path / FUSION) in caught.value.message


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"learned": true}', "\x00"])
def test_a_file_that_is_something_else_is_damage(tmp_path: Path, content: str) -> None:
    (tmp_path / FUSION).write_text(content)

    with pytest.raises(DamagedGenerationError, match="cannot be read"):
        FusionWeights.open(tmp_path, KNOWN)
