from engine.stages.phrase import Phrase
from engine.stages.understand import Understanding
from engine.text import has_cjk, normalise, tokens


def understood(query: str) -> Understanding:
    return Understanding(query, normalise(query), tokens(query), has_cjk(query))


def test_english_is_read_as_written() -> None:
    assert Phrase(reads_chinese=False)(understood("Small Couch"), ("sofa",)) == "small couch"


def test_a_model_of_english_is_given_what_the_graph_calls_the_chinese_words() -> None:
    read = Phrase(reads_chinese=False)(understood("hp 黑色鼠标"), ("black", "mouse", "滑鼠"))

    assert read == "hp black mouse"


def test_a_model_of_english_is_given_nothing_when_the_graph_knows_no_word() -> None:
    assert Phrase(reads_chinese=False)(understood("女士跑步鞋"), ()) == ""


def test_a_model_that_reads_chinese_is_given_chinese() -> None:
    assert Phrase(reads_chinese=True)(understood("黑色鼠标"), ("black",)) == "黑色鼠标"
