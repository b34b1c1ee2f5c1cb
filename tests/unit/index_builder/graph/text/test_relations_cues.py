import pytest

from index_builder.graph.text.relations_cues import Cue, cues_in


@pytest.mark.parametrize(
    ("text", "cue", "words"),
    [
        ("Toner for X1", Cue.FOR, "for"),
        ("Toner f/ X1", Cue.FOR, "f/"),
        ("Works with X1", Cue.COMPATIBLE, "Works with"),
        ("spare part for X1", Cue.SPARE, "spare part for"),
        ("equivalent  to X1", Cue.EQUIVALENT, "equivalent  to"),
        ("hub w/ adapter", Cue.BUNDLE, "w/"),
        ("card + adapter", Cue.BUNDLE, "+"),
        ("incl. adapter", Cue.BUNDLE, "incl."),
        ("Toner für X1", Cue.FOR, "für"),
        ("适用于惠普", Cue.COMPATIBLE, "适用于"),
        ("硒鼓替代 X1", Cue.EQUIVALENT, "替代"),
    ],
)
def test_a_cue_is_found_with_its_characters(text: str, cue: Cue, words: str) -> None:
    (place,) = cues_in(text)
    assert (place.cue, text[place.start : place.end]) == (cue, words)


@pytest.mark.parametrize("text", ["forever", "before X1", "DB9 F/F", "2+2", "performance", ""])
def test_letters_inside_other_words_are_no_cue(text: str) -> None:
    assert list(cues_in(text)) == []
