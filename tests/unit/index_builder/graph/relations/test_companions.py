from __future__ import annotations

import pytest

from index_builder.graph.relations.companions import CONFIDENCE, find_companions
from index_builder.graph.relations.pairs import Pair
from index_builder.graph.vocabulary import SourceGraph, Term
from tests.unit.index_builder.graph.relations.shelf import drafted, product

CYAN = product("c", "QX71", compatibility="Jet 100, Jet 200", color="cyan")


def test_colours_for_one_device_go_together_as_far_as_their_devices_agree() -> None:
    """Cyan fits two devices, black both and a third: 2 of 3 are shared."""
    black = product("k", "QX94", compatibility="Jet 100, Jet 200, Jet 300", color="black")

    assert find_companions(drafted([CYAN, black]), variants={}) == [
        Pair(0, 1, Term.RELATED_TO, SourceGraph.INFERENCE, round(CONFIDENCE * 2 / 3, 4))
    ]


@pytest.mark.parametrize(
    ("attributes", "variants", "excluded"),
    [
        ({"compatibility": "Jet 100, Jet 200", "color": "cyan"}, {}, set()),
        ({"compatibility": "Jet 100, Jet 200"}, {}, set()),
        ({"compatibility": "Jet 100, Jet 300, Jet 400, Jet 500", "color": "black"}, {}, set()),
        ({"compatibility": "Jet 100, Jet 200", "color": "black", "product_type": "case"}, {}, set()),
        ({"compatibility": "Jet 100, Jet 200", "color": "black"}, {0: 3, 1: 3}, set()),
        ({"compatibility": "Jet 100, Jet 200", "color": "black"}, {}, {(0, 1)}),
    ],
    ids=["same colour", "no colour", "other devices", "other type", "variants", "known as something else"],
)
def test_others_do_not(
    attributes: dict[str, str], variants: dict[int, int], excluded: set[tuple[int, int]]
) -> None:
    shop = [CYAN, product("x", "QX94", **attributes)]

    assert find_companions(drafted(shop), variants=variants, excluded=excluded) == []


def test_a_product_has_few_companions() -> None:
    colors = ["cyan", "black", "magenta", "yellow", "red", "green", "blue"]
    shop = [
        product(color, f"QX{place}4", compatibility="Jet 100", color=color)
        for place, color in enumerate(colors)
    ]

    found = find_companions(drafted(shop), variants={}, top=2)

    assert len(found) < len(colors) * (len(colors) - 1) / 2
    assert all(any(row in (pair.subject, pair.object) for pair in found) for row in range(len(shop)))
