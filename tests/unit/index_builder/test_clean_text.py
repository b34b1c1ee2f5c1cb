from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index_builder.quality.text import clean, cut


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  two \t words\n", "two words"),
        ("schÃ¶n â€“ 15.6â€³", "schön – 15.6″"),  # UTF-8 read as Windows-1252
        ("Caf\u0065\u0301", "Café"),  # NFC
        ("<p>One</p><p>two <b>bo</b>ld</p>", "One two bold"),
        ("line<br/>break", "line break"),
        ("&lt;p&gt;escaped&lt;/p&gt; &amp;amp; twice", "escaped & twice"),
        ("a<!-- hidden -->b", "a b"),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "a b c"),
        ("nul\x00bell\x07 zero\u200bwidth \ud800half", "nulbell zerowidth half"),
        ("黑色&nbsp;墨盒", "黑色 墨盒"),
    ],
)
def test_damage_and_markup_go(written: str, read: str) -> None:
    assert clean(written) == read


@pytest.mark.parametrize(
    "text",
    [
        '15.6" 43.2 cm',
        "½ inch, 5 µm, 20 °C, 10 Ω",
        "5 < 6 > 4",
        "cable <USB> to <HDMI>",
        "AT&T R&notebook M&S",
        "“quoted” – dashed…",
        "全角ＡＢ",
        "👨‍👩‍👧",
    ],
)
def test_units_signs_and_letters_are_left_as_they_are(text: str) -> None:
    assert clean(text) == text


markup = st.lists(
    st.sampled_from(
        [
            "<p>",
            "</p>",
            "<b>",
            "<script>",
            "</script>",
            "<!--",
            "-->",
            "&lt;",
            "&amp;",
            "&#",
            "x",
            ";",
            "Ã",
            "¤",
        ]
    )
    | st.text(max_size=3)
).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | markup | st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")))
@example("&amp;" * 3 + "lt;b&gt;")
@example("<<b>p>")
@example("&" + "amp;" * 50)  # escaped fifty times over
def test_cleaning_is_idempotent_and_leaves_no_control_character(text: str) -> None:
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert not {unicodedata.category(c) for c in cleaned} & {"Cc", "Cs"}
    assert unicodedata.is_normalized("NFC", cleaned)
    assert "  " not in cleaned
    assert cleaned == cleaned.strip()


def test_a_cut_falls_between_words_where_one_ends_near_the_limit() -> None:
    assert (
        cut("aaaa bbbb cccc dddd eeee", 20) == "aaaa bbbb cccc dddd"
    )  # the blank at 19 is in the last tenth
    assert cut("a" * 30, 20) == "a" * 20
    assert cut("short", 20) == "short"


@pytest.mark.parametrize("unit", ["<script>", "<!--", "<a ", "&amp", "<p><", "Ã¤"])
def test_hostile_text_of_a_hundred_thousand_characters_is_cleaned_in_seconds(unit: str) -> None:
    text = unit * (100_000 // len(unit))

    assert clean(clean(text)) == clean(text)  # the suite's time limit is the bound
