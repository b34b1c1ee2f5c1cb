from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import ConfigError
from index_builder.train.encoder.encoder_plan import EncoderPlan
from index_builder.train.run_claim import claim, identity_of
from tests.unit.index_builder.train.small_queries import query

PLAN = EncoderPlan()
ASKED = query("ink", {0: 1.0})
KEEPS = ("*.fit", "round-*")


def test_a_new_run_drops_what_an_old_one_kept_and_nothing_else(tmp_path: Path) -> None:
    for name in ("student.fit", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "round-1").mkdir()
    (tmp_path / "round-1" / "state").touch()

    claim(tmp_path, "one", resume=False, keeps=KEEPS)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "run.json"]


def test_a_run_goes_on_in_its_own_folder_alone(tmp_path: Path) -> None:
    claim(tmp_path, "one", resume=False, keeps=KEEPS)
    (tmp_path / "student.fit").touch()

    claim(tmp_path, "one", resume=True, keeps=KEEPS)

    assert (tmp_path / "student.fit").exists()
    with pytest.raises(ConfigError, match="had other data or another plan"):
        claim(tmp_path, "two", resume=True, keeps=KEEPS)
    with pytest.raises(ConfigError, match=r"no training run in .* to go on with"):
        claim(tmp_path / "nothing", "one", resume=True, keeps=KEEPS)


@pytest.mark.parametrize(
    ("plan", "asked", "text"),
    [
        (replace(PLAN, seed=1), ASKED, "ink"),
        (PLAN, query("ink", {0: 0.9}), "ink"),
        (PLAN, query("ink", {0: 1.0}, answers=(1,)), "ink"),
        (PLAN, query("ink", {0: 1.0}, weight=2.0), "ink"),
        (PLAN, ASKED, "black ink"),
    ],
)
def test_the_identity_is_of_all_that_decides_the_result(plan: EncoderPlan, asked: object, text: str) -> None:
    same = identity_of(PLAN, [ASKED], [], texts=["ink"])

    assert same == identity_of(EncoderPlan(), [query("ink", {0: 1.0})], [], texts=["ink"])
    assert same != identity_of(plan, [asked], [], texts=[text])  # type: ignore[list-item]  # a query
    assert same != identity_of(PLAN, [], [ASKED], texts=["ink"])
