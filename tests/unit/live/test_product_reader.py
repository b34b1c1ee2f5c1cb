"""What the graph says of products that came after it."""

from __future__ import annotations

import pytest

from engine.live.product_reader import SAID_IN_TITLE
from engine.types import Entity
from tests.unit.live.live_fakes import product
from tests.unit.live.named_graph import (
    BLACK,
    CAMERA_CASES,
    CARTRIDGE,
    INKO,
    LX300,
    PHONE_CASES,
    PHONES,
    PRINTER,
    SUPPLIES,
    WI_FI,
    read,
)


def test_fields_name_their_entities_and_broader_ones() -> None:
    found = read(product("p", "P9", brand="INKO", category=("Supplies", "Cartridge")))

    assert found.below == {INKO: 1.0, SUPPLIES: 1.0, CARTRIDGE: 1.0}
    assert found.stated == {INKO: 1.0, CARTRIDGE: 1.0}  # that it is among supplies follows


@pytest.mark.parametrize("value", ["Black", ("green", "black"), "黑色"])
def test_an_attribute_names_values_of_its_own_key(value: str | tuple[str, ...]) -> None:
    sure = 0.9 if value == "黑色" else 1.0

    assert read(product("p", "P9", attributes={"color": value})).stated == {BLACK: sure}
    assert read(product("p", "P9", attributes={"name": value})).stated == {}


@pytest.mark.parametrize(
    ("title", "entities"),
    [
        ("Black cartridge", {BLACK, CARTRIDGE, SUPPLIES}),
        ("Cartridge for LX300 printer", {CARTRIDGE, SUPPLIES, LX300}),
        ("LX300 printer", {PRINTER}),
        ("printer cartridge", {CARTRIDGE, SUPPLIES}),
        ("Thing for a printer", set()),
    ],
)
def test_a_title_says_what_it_is_and_what_it_fits(title: str, entities: set[Entity]) -> None:
    found = read(product("p", title)).below

    assert found.keys() == entities
    assert all(sure <= SAID_IN_TITLE for sure in found.values())


def test_a_category_is_known_by_its_path_not_by_its_last_name() -> None:
    found = read(product("p", "P9", category=("Phones", "Cases")))

    assert (found.stated, found.below) == ({PHONE_CASES: 1.0}, {PHONE_CASES: 1.0, PHONES: 1.0})


def test_a_category_whose_path_is_unknown_is_every_one_of_its_name() -> None:
    found = read(product("p", "P9", category=("Drones", "Cases")))

    assert found.stated == {PHONE_CASES: 1.0, CAMERA_CASES: 1.0}


@pytest.mark.parametrize(("value", "entities"), [(True, {WI_FI}), (False, set())])
def test_what_is_true_is_a_value_that_is_called_like_its_key(value: bool, entities: set[Entity]) -> None:
    assert read(product("p", "P9", attributes={"wi_fi": value})).stated.keys() == entities
