"""Two names are candidates when they share a reading, and what was taken away on the way is told."""

from __future__ import annotations

import pytest

from index_builder.graph.draft import Draft
from index_builder.graph.resolution.candidates import candidates_in
from index_builder.graph.resolution.readings import Habits, Step, readings_of
from index_builder.graph.resolution.telling import may_be_reordered
from tests.unit.index_builder.graph.resolution.shop import value

EVERYTHING = Habits(frozenset(Step) - {Step.LEGAL}, {"acme": [("acme",)]}, frozenset({"print", "conne"}))


def shared(one: str, two: str, habits: Habits = EVERYTHING) -> set[Step] | None:
    """The steps between the two names where they meet with the fewest; None when they never meet."""
    draft = Draft()
    nodes = sorted((value(draft, one, [0]), value(draft, two, [1])), key=lambda node: node.iri)
    pairs = candidates_in(nodes, habits, len).pairs
    return {step for step, _ in pairs[0].marks} if pairs else None


@pytest.mark.parametrize(
    ("one", "two", "steps"),
    [
        ("Micro ATX", "micro-ATX", set()),
        ("Gray box", "grey box", {Step.SPELLING}),
        ("Cable ties", "cable tie", {Step.PLURAL}),
        ("Serial ATA II", "SATA II", {Step.TABLE}),
        ("Wi-Fi 4 (802.11n)", "802.11n", {Step.TABLE}),
        ("Acme Runner 300", "Runner 300", {Step.BRAND}),
        ("Halal certified", "Halal", {Step.GENERIC}),
        ("Laser printing", "Laser", {Step.KEY_WORD}),
        ("Polyfoam Core Board (PCB)", "PCB", {Step.ACRONYM}),
        ("Polyfoam Core Board", "PCB", {Step.INITIALS}),
        ("VDO (Taiwan)", "VDO", {Step.GLOSS}),
        ("wall mount", "mount wall", {Step.ORDER}),
        ("Dual Gigabit", "dual giabit", {Step.TYPO}),
        ("Genuine calf leather", "calf leather", {Step.GENERIC}),
        ("soft leather", "leather", {Step.EXTRA}),
        ("能效认证", "能效", {Step.GENERIC}),
        ("(10 x 15 cm)", "(100 x 150 mm)", {Step.UNIT}),
    ],
)
def test_names_meet_at_the_nearest_reading(one: str, two: str, steps: set[Step]) -> None:
    assert shared(one, two) == steps


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Phone 4", "Phone 4S"),
        ("Phone", "Phone+"),
        ("glare", "non glare"),
        ("System 10 Home", "System 10 Pro"),
        ("leather", "leatherette"),
        ("White on black", "Black on white"),
        ("DB9 F", "DB9 M"),
        ("Runner (8 GB)", "Runner"),
    ],
)
def test_names_that_a_number_a_sign_or_a_telling_word_parts_never_meet(one: str, two: str) -> None:
    assert shared(one, two) is None


def test_the_table_also_knows_brands_and_their_legal_forms() -> None:
    brands = Habits(frozenset({Step.LEGAL, Step.TABLE, Step.INITIALS}), {})
    assert shared("Hewlett-Packard Company", "HP Inc.", brands) == {Step.LEGAL, Step.TABLE}
    assert shared("Bright Widgets", "BW", brands) == {Step.INITIALS}
    assert shared("惠普", "HP", brands) == {Step.TABLE}


def test_two_letters_are_too_few_for_the_initials_of_anything_but_a_brand() -> None:
    assert shared("Air Cooled", "AC") is None


def test_long_phrases_are_read_as_they_stand_only() -> None:
    phrase = "one two three four five six seven eight nine ten"
    assert [reading.marks for reading in readings_of(phrase, EVERYTHING)] == [()]


def test_words_around_a_relation_keep_their_order() -> None:
    assert may_be_reordered(("iso", "c5"))
    assert not may_be_reordered(("usb", "to", "vga"))
