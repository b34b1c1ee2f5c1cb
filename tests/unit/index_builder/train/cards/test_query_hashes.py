"""Queries by hash: spellings of one meet, different ones do not, and nothing can be read back."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.train.cards.query_hashes import DIGITS, query_hash, query_hashes
from index_builder.train.queries.wording import ForbiddenTexts, wording


@pytest.mark.parametrize(
    "spelling",
    ["Black HP Ink", "black hp inks", "black  hp\tink", "hp ink black", "ＢＬＡＣＫ hp ink", "black-hp-ink!"],
)
def test_spellings_of_one_query_have_one_hash(spelling: str) -> None:
    assert query_hash(spelling) == query_hash("black hp ink")


def test_chinese_queries_meet_whatever_their_blanks() -> None:
    assert query_hash("惠普 墨盒") == query_hash("惠普墨盒") != query_hash("惠普硒鼓")


@pytest.mark.parametrize("other", ["black hp toner", "hp ink", "black hp ink 302", "white hp ink"])
def test_other_queries_have_other_hashes(other: str) -> None:
    assert query_hash(other) != query_hash("black hp ink")


def test_hashes_are_sorted_each_once_and_a_text_that_asks_nothing_has_none() -> None:
    hashes = query_hashes(["ink", "Inks", "pen", "?!", ""])

    assert list(hashes) == sorted({query_hash("ink"), query_hash("pen")})
    assert all(len(each) == DIGITS for each in hashes)


def test_a_hash_is_the_beginning_of_the_wordings_sha_256() -> None:
    """Cards are read by later versions: the value itself must not change."""
    assert wording("black pens") == "abceklnp"
    assert query_hash("black pens") == hashlib.sha256(b"abceklnp").hexdigest()[:16]


@given(st.text("abs -", max_size=5), st.text("abs -", max_size=5))
def test_evaluation_finds_out_exactly_what_training_keeps_out(asked: str, evaluated: str) -> None:
    """One rule on both sides, so that what was kept out of training never raises an alarm."""
    alarm = query_hash(asked) != "" and query_hash(asked) == query_hash(evaluated)

    assert alarm == (asked in ForbiddenTexts([evaluated]))
