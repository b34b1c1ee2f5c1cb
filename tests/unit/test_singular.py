import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import singular


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("laptops", "laptop"),
        ("batteries", "battery"),
        ("boxes", "box"),
        ("watches", "watch"),
        ("glasses", "glass"),
        ("glass", "glass"),
        ("bus", "bus"),
        ("series", "series"),
        ("lens", "lens"),
        ("ps4s", "ps4s"),
        ("gas", "gas"),
        ("t-shirts", "t-shirts"),
        ("鼠标", "鼠标"),
    ],
)
def test_regular_plurals_lose_their_ending_and_other_words_nothing(word: str, one: str) -> None:
    assert singular(word) == one


@given(st.text(max_size=12))
def test_a_singular_is_never_longer_and_starts_alike(word: str) -> None:
    one = singular(word)
    assert len(one) <= len(word)
    assert one[:-1] == word[: len(one) - 1] if one else not word
