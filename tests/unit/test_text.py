import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import has_cjk, normalise, segment, tokens


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  Black   INK\t", "black ink"),
        ("ＨＰ　９５０", "hp 950"),
        ("Straße", "strasse"),
        ("a\x00b", "a b"),
    ],
)
def test_normalising(written: str, read: str) -> None:
    assert normalise(written) == read


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('HP 15.6" Laptop, USB-C', ("hp", '15.6"', "laptop", "usb-c")),
        ("AT&T dv7-1211ea", ("at&t", "dv7-1211ea")),
        ("黑色无线鼠标", ("黑色", "无线", "鼠标")),
        ("1.5 l kettle", ("1.5", "l", "kettle")),
        ("!!!", ()),
    ],
)
def test_words(written: str, words: tuple[str, ...]) -> None:
    assert tokens(written) == words


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once
    assert not any(unicodedata.category(c) == "Cc" for c in once)


@given(st.text())
def test_words_never_hold_white_space(text: str) -> None:
    assert not any(c.isspace() for word in tokens(text) for c in word)


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_text_without_chinese_is_not_segmented(text: str) -> None:
    assert not has_cjk(text)
    assert segment(text) == text
