import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stages.diversify import Diversify
from engine.stages.fuse import Scored
from engine.types import FloatArray, RowArray

VECTORS = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]], np.float32)
BRANDS = ["acme", "acme", "acme", "zeta", ""]


def vectors(rows: RowArray) -> FloatArray:
    return VECTORS[rows]


def brands(rows: RowArray) -> list[str]:
    return [BRANDS[row] for row in rows]


def scored(*scores: float) -> Scored:
    return Scored.ordered(np.arange(len(scores)), {"dense": np.array(scores)})


def test_a_twin_of_the_first_product_makes_room_for_another() -> None:
    spread = Diversify(vectors, brands)(scored(1.0, 0.9, 0.8), strength=1.0, max_per_brand=0)

    assert spread.rows.tolist() == [0, 2, 1]
    # The twin's cosine to the first is 1, so it pays strength * (1.0 - 0.8) * 1.
    assert spread.parts["diversity"].tolist() == pytest.approx([0, 0, -0.2])


def test_no_strength_and_no_cap_change_nothing() -> None:
    spread = Diversify(vectors, brands)(scored(1.0, 0.9, 0.8), strength=0.0, max_per_brand=0)

    assert spread.rows.tolist() == [0, 1, 2]


def test_a_brand_beyond_its_share_goes_behind_the_others_but_stays() -> None:
    spread = Diversify(vectors, brands)(scored(1.0, 0.9, 0.8, 0.1, 0.05), strength=0.0, max_per_brand=1)

    assert spread.rows.tolist() == [0, 3, 4, 1, 2]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5), st.floats(0, 1), st.integers(1, 5))
def test_the_new_order_is_the_order_of_the_new_scores(
    scores: list[float], strength: float, depth: int
) -> None:
    before = scored(*scores)

    after = Diversify(vectors, brands, depth)(before, strength=strength, max_per_brand=0)

    assert sorted(after.rows) == sorted(before.rows)
    assert np.all(np.diff(after.scores) <= 1e-12)
    assert (
        set(after.rows[:depth]) == set(before.rows[:depth])
        or np.ptp(after.scores) < 1e-9
        or depth < len(scores)
    )
