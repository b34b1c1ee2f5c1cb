from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stages.link import MAX_SENSES, EntityLinker
from engine.text import tokens
from engine.types import Entity, EntityKind
from tests.unit.stages.graph_fake import FakeGraph, entity

INKO = entity("Inko", EntityKind.BRAND, 40)
TONER = entity("toner", EntityKind.CATEGORY, 90)
TONER_CARTRIDGE = entity("toner cartridge", EntityKind.CATEGORY, 60)
MOUSE = entity("mouse", EntityKind.CATEGORY, 30)
STAND = entity("stand", EntityKind.CATEGORY, 20)
HEADSET = entity("headset", EntityKind.CATEGORY, 20)
BLACK = entity("black", EntityKind.COLOR, 100)
GRAY = entity("gray", EntityKind.COLOR, 30)
FINISH_BLACK = entity("black", EntityKind.ATTRIBUTE_VALUE, 2, "finish")
WIFI = entity("wi-fi", EntityKind.ATTRIBUTE_VALUE, 10, "network")
SIZE_A4 = entity("a4", EntityKind.ATTRIBUTE_VALUE, 10, "size")
SIZE_42 = entity("42", EntityKind.ATTRIBUTE_VALUE, 10, "size")
LX300 = entity("inko lx300", EntityKind.COMPATIBLE_TARGET, 3)
ALL = (INKO, TONER, TONER_CARTRIDGE, MOUSE, STAND, HEADSET, BLACK, GRAY, FINISH_BLACK, WIFI, SIZE_A4, SIZE_42)
TARGETS = (LX300,)
LABELS = [(" ".join(tokens(each.label)), each, 1.0) for each in (*ALL, *TARGETS)] + [
    ("grey", GRAY, 0.9),
    ("灰色", GRAY, 0.9),
]
WORDS = {"toner": 100, "cartridge": 100, "headphones": 9}


def named(query: str, linker: EntityLinker | None = None) -> list[tuple[str, Entity]]:
    linking = (linker or EntityLinker(LABELS, WORDS)).link(tokens(query))
    return [(link.text, link.entity) for link in linking.links]


def test_the_longest_name_wins_and_spans_do_not_overlap() -> None:
    assert named("inko toner cartridge") == [("inko", INKO), ("toner cartridge", TONER_CARTRIDGE)]
    assert named("inko lx300 toner") == [("inko lx300", LX300), ("toner", TONER)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("toners", [("toners", TONER)]),
        ("grey mouse", [("grey", GRAY), ("mouse", MOUSE)]),
        ("灰色 mouse", [("灰色", GRAY), ("mouse", MOUSE)]),
        ("wi-fi mouse", [("wi-fi", WIFI), ("mouse", MOUSE)]),
        ("wifi mouse", [("wifi", WIFI), ("mouse", MOUSE)]),
        ("wi fi mouse", [("wi fi", WIFI), ("mouse", MOUSE)]),
        ("head set", [("head set", HEADSET)]),
        ("a4", [("a4", SIZE_A4)]),
        ("a 4", []),
        ("size 42", []),
        ("tonerless", []),
        ("", []),
    ],
)
def test_plurals_scripts_and_ways_to_join_words(query: str, found: list[tuple[str, Entity]]) -> None:
    assert named(query) == found


def test_positions_count_the_words_after_correction() -> None:
    linking = EntityLinker(LABELS, WORDS).link(("black", "toner", "cartrdge"))
    assert linking.tokens == ("black", "toner", "cartridge")
    assert [(each.written, each.read_as) for each in linking.corrections] == [("cartrdge", "cartridge")]
    (link,) = [link for link in linking.links if link.entity == TONER_CARTRIDGE]
    assert (link.start, link.end, link.text) == (1, 3, "toner cartridge")
    assert link.confidence == pytest.approx(0.8)  # a corrected word


def test_an_ambiguous_word_keeps_its_senses_the_stronger_first() -> None:
    links = EntityLinker(LABELS, WORDS).link(("black",)).links
    assert [link.entity for link in links] == [BLACK, FINISH_BLACK]
    assert links[0].confidence == 1.0
    # 0.5 log(2 + 2) / (0.9 log(2 + 100)), kinds weighed 0.5 and 0.9
    assert links[1].confidence == pytest.approx(0.5 * 1.3863 / (0.9 * 4.6250), rel=1e-3)


def test_one_word_has_at_most_four_senses() -> None:
    many = [("usb", entity(f"usb {n}", EntityKind.ATTRIBUTE_VALUE, n), 1.0) for n in range(9)]
    links = EntityLinker(many, {}).link(("usb",)).links
    assert [link.entity.product_count for link in links] == [8, 7, 6, 5]
    assert len(links) == MAX_SENSES


def test_the_sense_that_shares_products_with_the_rest_of_the_query_wins() -> None:
    graph = FakeGraph(100, {MOUSE.iri: range(10), BLACK.iri: range(50, 90), FINISH_BLACK.iri: range(9)})
    alone = EntityLinker(LABELS, WORDS, graph).link(("black",)).links
    beside = EntityLinker(LABELS, WORDS, graph).link(("black", "mouse")).links
    assert alone[0].entity == BLACK
    confidence = {link.entity.iri: link.confidence for link in beside}
    # the finish keeps its 0.150, the colour 0.4 + 0.6 (0 + 2) / (9 + 2)
    assert confidence[FINISH_BLACK.iri] == pytest.approx(alone[1].confidence)
    assert confidence[BLACK.iri] == pytest.approx(0.4 + 0.6 * 2 / 11)


def test_a_value_that_no_product_of_the_rest_has_is_doubted() -> None:
    graph = FakeGraph(100, {MOUSE.iri: range(10), WIFI.iri: range(20, 30)})
    links = EntityLinker(LABELS, WORDS, graph).link(("wifi", "mouse")).links
    assert {link.entity: round(link.confidence, 3) for link in links} == {WIFI: 0.3, MOUSE: 1.0}


def test_of_two_product_words_in_a_row_the_last_is_wanted() -> None:
    links = EntityLinker(LABELS, WORDS).link(("mouse", "stand")).links
    assert {link.entity: link.confidence for link in links} == {MOUSE: 0.3, STAND: 1.0}


@given(
    st.lists(
        st.sampled_from(["black", "toner", "cartridge", "for", "inko", "lx300", "42", "mice", "a"]),
        max_size=9,
    )
)
def test_links_lie_in_the_query_do_not_cross_and_are_repeatable(words: Sequence[str]) -> None:
    linker = EntityLinker(LABELS, WORDS)
    linking = linker.link(words)
    spans = sorted({(link.start, link.end) for link in linking.links})
    assert all(0 <= start < end <= len(linking.tokens) for start, end in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    assert all(0 < link.confidence <= 1 for link in linking.links)
    assert linker.link(words) == linking


def test_a_text_of_the_shop_is_read_as_it_is_written() -> None:
    """A query's typo is corrected; a title may hold a word that the shop has not had yet."""
    linker = EntityLinker(LABELS, WORDS)

    assert [link.entity for link in linker.link(tokens("tomer")).links] == [TONER]
    assert linker.names(tokens("tomer")) == ()
    assert linker.names(tokens("inko toner")) == linker.link(tokens("inko toner")).links
