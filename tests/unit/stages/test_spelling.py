import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stages.spelling import SpellingCorrector

WORDS = {"wireless": 40, "espresso": 9, "machine": 30, "keyboard": 25, "headphones": 20, "fans": 50}
WORDS |= {"cartridge": 800, "cartrige": 2, "dx7-200": 4, "rare": 1, "kettlewyn": 1}


@pytest.fixture(scope="module")
def corrector() -> SpellingCorrector:
    return SpellingCorrector(WORDS, protected={"zephyr", "cartridge"})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("wirless", "wireless"),
        ("esspresso", "espresso"),
        ("keybord", "keyboard"),
        ("ekyboard", "keyboard"),  # the first two letters changed places
        ("haedphnes", "headphones"),  # two edits in a long word
        ("cartrige", "cartridge"),  # a typo that the catalogue itself has twice, against 800
    ],
)
def test_typos_are_read_as_the_word_meant(corrector: SpellingCorrector, written: str, meant: str) -> None:
    assert corrector.correct(written) == meant


@pytest.mark.parametrize(
    "word",
    [
        "wireless",  # known
        "keyboards",  # a plural of a known word
        "vans",  # English, though one edit from "fans"
        "dx7-201",  # digits
        "lmp",  # short
        "zephyr",  # a name in the graph
        "mxusx",  # two edits in a short word
        "qqqqqqqqqq",  # like nothing
        "鼠标",
        "räre",  # not a plain word
        "",
    ],
)
def test_other_words_stand_as_they_are(corrector: SpellingCorrector, word: str) -> None:
    assert corrector.correct(word) is None


@given(st.text(max_size=20))
def test_whatever_is_read_into_a_word_is_a_word_of_the_catalogue(word: str) -> None:
    corrector = SpellingCorrector(WORDS)
    assert corrector.correct(word) in {None, *WORDS}
