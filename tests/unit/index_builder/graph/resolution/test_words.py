"""What is only written differently has one key; what is another thing has another."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from index_builder.graph.resolution.words import british, cut, key_of, singulars, without_legal_form


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Micro-ATX", "micro ATX"),
        ("Cat. 6", "CAT6"),
        ("ISO_IEC_1000", "ISO/IEC 1000"),
        ("Type 5–15P", "type 5-15P"),
        ("Café®", "cafe"),
        ("Acme™ Core(TM) 7", "ACME Core 7"),
        ("2 x RJ-45", "(2) RJ45"),
        ('3.5" tray', "3.5 inch tray"),
        ("1,000 sheets", "1000 sheets"),
        ("ＵＳＢ　２．０", "usb 2.0"),
        ("& Linux", "Linux"),
        ("黑色（哑光）", "黑色 哑光"),
    ],
)
def test_blanks_punctuation_width_and_trademarks_do_not_count(one: str, two: str) -> None:
    assert key_of(cut(one)) == key_of(cut(two))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("System 8", "System 8.1"),
        ("Slot 8 1", "Slot 81"),
        ("SFP", "SFP+"),
        ("Disk-R", "Disk+R"),
        ("Disk±R", "Disk-R"),
        ("DVI-D", "DVI-I"),
        ('5"', "5'"),
        ("50%", "50"),
        ("Pokémon", "Pokemen"),
        ("ガ", "カ"),
    ],
)
def test_signs_and_digits_that_tell_things_apart_stay(one: str, two: str) -> None:
    assert key_of(cut(one)) != key_of(cut(two))


@given(st.text(max_size=30))
def test_cutting_what_was_cut_changes_nothing(text: str) -> None:
    once = cut(text)
    assume(re.match(r"\d{1,3} ?x\b", " ".join(once)) is None)  # "2:x:a" becomes a count only when joined
    assert key_of(cut(" ".join(once))) == key_of(once)


def test_british_spelling_and_singulars() -> None:
    assert british(("gray", "organizer", "size", "seize")) == ("grey", "organiser", "size", "seize")
    assert singulars(("children", "cables", "https", "dns", "glass")) == (
        "child", "cable", "https", "dns", "glass",
    )  # fmt: skip


def test_a_company_without_its_legal_form_keeps_a_name() -> None:
    assert without_legal_form(cut("Acme Widgets Co., Ltd.")) == ("acme", "widgets")
    assert without_legal_form(("ltd",)) == ("ltd",)
    assert without_legal_form(("星河科技有限公司",)) == ("星河科技",)
