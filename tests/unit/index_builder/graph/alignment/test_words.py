"""Names of categories as words: what parts a name has, when two names are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.alignment.words import NameIndex, paired_parts, parts_of, same_words, words_of


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Toner & Inkjet Cartridges", ("Toner Cartridges", "Inkjet Cartridges")),
        ("Printers, Copiers & Fax Machines", ("Printers", "Copiers", "Fax Machines")),
        ("Gloves and Mittens", ("Gloves", "Mittens")),
        ("Camera Parts & Accessories", ("Camera Parts", "Camera Accessories")),
        ("CD/DVD Cases & Organizers", ("CD Cases", "DVD Cases", "Organizers")),
        ("Film & Television", ("Film", "Television")),
        ("Laptops", ()),
        ("打印机、复印机和传真机", ("打印机", "复印机", "传真机")),
        ("笔记本电脑", ()),
    ],
)
def test_a_name_may_be_several(name: str, parts: tuple[str, ...]) -> None:
    assert set(parts_of(name)) >= set(parts)
    assert bool(parts_of(name)) == bool(parts)


def test_words_are_singular_and_synonyms_one_word() -> None:
    assert words_of("Mice") == words_of("mouse")
    assert words_of("Knives") == ("knife",)


def test_names_are_the_same_in_any_case_number_and_order() -> None:
    assert same_words("Frying Pans", "frying pan")
    assert not same_words("frying pan", "pan")


@given(st.text(min_size=1, max_size=20))
def test_every_name_is_the_same_as_itself(name: str) -> None:
    assert same_words(name, name)


def test_chinese_parts_pair_with_english_ones_only_where_both_have_as_many() -> None:
    assert paired_parts("Mugs & Cups", "马克杯和杯子") == {"Mugs": "马克杯", "Cups": "杯子"}
    assert paired_parts("Mugs & Cups", "杯子") == {}
    assert paired_parts("Audio & Video Cables", "音频线和视频线") == {}  # "Audio Cables" is written nowhere


def test_a_match_is_the_better_the_more_and_the_rarer_the_words_shared() -> None:
    index = NameIndex([["Floor Lamps"], ["Table Lamps"], ["Garden Gnomes"]])

    found = index.matches("floor lamp")

    assert found[0] == 1.0  # every word of both names
    # "lamp" of (lamp, floor) and (lamp, table): 2 x its rarity over both names' rarity
    lamp, floor, table = (index.rarity(word) for word in ("lamp", "floor", "table"))
    assert found[1] == pytest.approx(2 * lamp / (lamp + floor + lamp + table))
    assert lamp < floor
    assert 2 not in found


def test_a_part_of_a_name_counts_a_little_less_than_a_name() -> None:
    assert NameIndex([["Mugs & Cups"]]).matches("mug") == {0: 0.95}
