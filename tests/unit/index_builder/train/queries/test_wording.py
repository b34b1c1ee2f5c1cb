import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import normalise
from index_builder.train.queries.wording import ForbiddenTexts, wording


@pytest.mark.parametrize(
    "other", ["Laptop Sleeves", "sleeve laptop", "LAPTOPSLEEVE", "laptop-sleeve", "  laptop   sleeve "]
)
def test_case_number_order_signs_and_blanks_make_no_other_wording(other: str) -> None:
    assert wording(other) == wording("laptop sleeve")


@pytest.mark.parametrize("other", ["laptop", "laptop sleeve 14", "laptop case", "notebook sleeve"])
def test_other_words_are_another_wording(other: str) -> None:
    assert wording(other) != wording("laptop sleeve")


def test_a_text_of_signs_alone_has_none() -> None:
    assert wording("?! -") == ""
    assert "" not in ForbiddenTexts(["?!"])


def test_what_is_forbidden_is_so_in_the_singular_and_the_plural() -> None:
    forbidden = ForbiddenTexts(["laptops", "HP 墨盒"])
    assert "laptop" in forbidden
    assert "Laptops" in forbidden
    assert "墨盒hp" in forbidden
    assert "laptop bag" not in forbidden
    assert len(forbidden) == 2


@given(st.text(max_size=30))
def test_normalising_changes_no_wording(text: str) -> None:
    assert wording(normalise(text)) == wording(text)
