import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stages.fuse import Fusion, Scored
from engine.types import Candidates

SHOE, BOOT, SOCK = 0, 1, 2


def ranking(*rows: int) -> Candidates:
    return Candidates(np.array(rows, np.int64), np.arange(len(rows), 0, -1, dtype=np.float32))


def test_product_in_both_rankings_beats_the_best_of_one() -> None:
    fuse = Fusion({"dense": 1.0, "lexical": 1.0}, k=60)

    fused = fuse({"dense": ranking(SHOE, BOOT), "lexical": ranking(BOOT, SOCK)})

    assert fused.rows.tolist() == [BOOT, SHOE, SOCK]
    assert fused.scores[0] == pytest.approx(61 / (60 + 2) + 61 / (60 + 1))


def test_a_source_gives_its_weight_to_its_best_product() -> None:
    fused = Fusion({"graph": 0.25})({"graph": ranking(SOCK)})

    assert fused.parts["graph"].tolist() == [0.25]


def test_a_source_that_ranks_groups_counts_by_score() -> None:
    ties = Candidates(np.array([SHOE, BOOT, SOCK]), np.array([4.0, 4.0, 1.0], np.float32))

    fused = Fusion({"graph": 0.2}, by_score=frozenset({"graph"}))({"graph": ties})

    assert fused.parts["graph"].tolist() == pytest.approx([0.2, 0.2, 0.2 * 1 / 4])


def test_nothing_found_fuses_to_nothing() -> None:
    assert len(Fusion({"dense": 1.0})({"dense": Candidates.none()})) == 0


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 30), unique=True), min_size=1))
def test_parts_sum_to_scores_and_scores_descend(sources: dict[str, list[int]]) -> None:
    fuse = Fusion(dict.fromkeys("abcd", 0.7))

    fused = fuse({name: ranking(*rows) for name, rows in sources.items()})

    assert sorted(fused.rows.tolist()) == sorted({row for rows in sources.values() for row in rows})
    assert np.all(np.diff(fused.scores) <= 0)
    assert fused.scores == pytest.approx(sum(fused.parts.values()) if len(fused) else [])


def test_equal_scores_go_by_row() -> None:
    scored = Scored.ordered(np.array([7, 3, 5]), {"dense": np.array([1.0, 1.0, 2.0])})

    assert scored.rows.tolist() == [5, 3, 7]
