import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import normalise
from index_builder.graph.text.folded import fold, is_word_edge


@pytest.mark.parametrize(
    ("original", "name", "written"),
    [
        ("STRAßE 7", "7", "7"),  # ß folds to two letters, so that all behind it moves by one
        ("ﬁlter Blau", "blau", "Blau"),  # a ligature of two letters
        ("Crème  BRÛLÉE Dish", "brûlée", "BRÛLÉE"),
        (unicodedata.normalize("NFD", "Crème Dish"), "crème", unicodedata.normalize("NFD", "Crème")),
        ("Ａｃｍｅ　保温杯５００ml", "500ml", "５００ml"),  # full-width letters and digits
        ("Acme™ Core® i7", "core", "Core"),
    ],
)
def test_span_points_at_the_characters_that_were_written(original: str, name: str, written: str) -> None:
    folded = fold(original)
    start = folded.text.index(name)

    first, last = folded.span(start, start + len(name))

    assert original[first:last] == written


def test_trademark_signs_become_blanks_instead_of_letters() -> None:
    assert fold("Lumo™ Pro").text == "lumo pro"


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Z", "M")), max_size=40))
def test_every_folded_character_comes_from_inside_the_original_in_order(text: str) -> None:
    folded = fold(text)

    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, categories=("L", "N", "Zs")), max_size=40))
def test_folded_text_of_latin_letters_is_normalised_text(text: str) -> None:
    assert fold(text).text == normalise(text)


def test_names_end_at_word_edges_except_between_chinese_characters() -> None:
    assert not is_word_edge("notebook", 4)
    assert is_word_edge("note book", 4)
    assert is_word_edge("红色杯", 2)
    assert is_word_edge("500毫升", 3)
