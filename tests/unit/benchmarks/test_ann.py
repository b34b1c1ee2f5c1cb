"""Curves of index families: what is measured, what is on the front, and the picture of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ann import Point, Truth, measure, pareto
from benchmarks.ann_families import FAMILIES
from benchmarks.ann_plot import draw
from benchmarks.filters import made_up
from engine.errors import ConfigError
from index_builder.vector_oracle import stand_ins

COUNT, DIMENSION = 3_000, 32
VECTORS = made_up(COUNT, DIMENSION, seed=1)
QUERIES = stand_ins(VECTORS, 12, np.random.default_rng(2))
NAMES = ("flat", "flat-pq-refined", "hnsw-sq8", "ivf-sq8", "ivf-pq-refined", "hnsw-panorama")


def point(recall: float, qps: float, family: str = "flat") -> Point:
    return Point(family, {}, recall, recall, qps, 1e6 / qps, 1e6 / qps, 0, 128, 0.1)


@pytest.fixture(scope="module")
def points() -> list[Point]:
    families = [(name, FAMILIES[name]) for name in NAMES]
    return measure(families, VECTORS, QUERIES, threads=1, seed=0)


def test_every_setting_of_every_family_becomes_a_point(points: list[Point]) -> None:
    found = {(each.family, *each.parameters.items()) for each in points}

    assert len(found) == len(points) == sum(len(list(FAMILIES[name].settings())) for name in NAMES)
    assert all(each.qps > 0 and each.p50_us > 0 and each.us_of_100 > 0 for each in points)


def test_comparing_everything_is_exact_and_takes_four_bytes_a_number(points: list[Point]) -> None:
    [flat] = [each for each in points if each.family == "flat"]

    assert (flat.recall_at_10, flat.recall_at_100) == (1, 1)
    assert flat.bytes_per_vector == pytest.approx(4 * DIMENSION, abs=1)


@pytest.mark.parametrize("family", ["hnsw-sq8", "ivf-sq8"])
def test_more_effort_looks_at_more_codes_and_finds_more(points: list[Point], family: str) -> None:
    curve = [each for each in points if each.family == family]

    compared = [each.compared for each in curve]
    assert compared == sorted(compared)
    assert curve[0].recall_at_100 < curve[-1].recall_at_100 > 0.9


def test_refinement_reads_more_candidates_and_finds_more(points: list[Point]) -> None:
    recalls = [each.recall_at_10 for each in points if each.family == "flat-pq-refined"]

    assert recalls[0] < recalls[-1] > 0.9


def test_a_row_as_good_as_the_last_right_one_is_right_and_nothing_is_wrong() -> None:
    vectors = np.repeat(np.eye(200, dtype=np.float32), 2, axis=0)  # rows 2i and 2i + 1 are twins
    truth = Truth.over(vectors, vectors[:1] + 0.1 * vectors[2:3])
    filled = np.arange(4, 10)

    assert truth.recall(np.array([[1, 0, 3, 2, *filled]])) == 1
    assert truth.recall(np.array([[1, 0, -1, -1, *filled]])) == pytest.approx(8 / 10)


def test_the_front_holds_what_nothing_beats_in_recall_and_speed() -> None:
    slow, fast, beaten, twin = point(0.99, 100), point(0.9, 900), point(0.95, 90), point(0.99, 50)

    assert pareto([twin, beaten, fast, slow]) == [fast, slow]


def test_curves_become_a_picture(tmp_path: Path) -> None:
    draw([point(0.99, 100), point(0.9, 900), point(0.8, 2_000, "ivf")], tmp_path / "ann.png", "3 points")

    assert (tmp_path / "ann.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ConfigError, match=r"cartograph-search\[train\]"):
        draw([], tmp_path / "ann.png", "nothing")
