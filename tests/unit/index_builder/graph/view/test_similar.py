"""Entities whose products resemble each other; the vectors can be followed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from index_builder.graph.view.similar import nearest_entities

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
PRODUCTS = np.array([EAST] * 6 + [NORTH] * 3 + [WEST] * 3, np.float32)
"""Their mean is (3/12, 3/12)."""
HANGING = {
    "grey": np.array([0, 1, 2]),
    "silver": np.array([3, 4, 5]),
    "green": np.array([6, 7, 8]),
    "red": np.array([9, 10, 11]),
    "rare": np.array([0, 1]),
}


def test_the_nearest_come_first_and_none_is_its_own_neighbour() -> None:
    found = nearest_entities(PRODUCTS, HANGING, "grey", top=3)

    grey, green, red = np.array([0.75, -0.25]), np.array([-0.25, 0.75]), np.array([-1.25, -0.25])
    expected = [1.0, grey @ green / (grey @ grey), grey @ red / np.sqrt((grey @ grey) * (red @ red))]
    assert [name for name, _ in found] == ["silver", "green", "red"]
    assert [cosine for _, cosine in found] == pytest.approx(expected, abs=1e-4)


def test_an_entity_of_too_few_products_has_no_likeness() -> None:
    assert nearest_entities(PRODUCTS, HANGING, "rare", top=3) == []
    assert "rare" not in dict(nearest_entities(PRODUCTS, HANGING, "grey", top=9))
