"""Texts are embedded once and together; Chinese only counts for an encoder that reads it."""

from collections.abc import Sequence

import numpy as np

from engine.types import FloatArray
from index_builder.graph.alignment.meanings import Meanings, concept_texts
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.train.probe import shipped_pairs


class Letters:
    """An encoder that counts letters; every call is noted. It reads no Chinese: all of it is the same."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        self.calls.append(list(texts))
        rows = np.zeros((len(texts), 27), np.float32)
        for row, text in enumerate(texts):
            for letter in text.lower():
                rows[row, ord(letter) - 97 if "a" <= letter <= "z" else 26] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Bilingual(Letters):
    """Reads the shipped Chinese words as their English ones."""

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        english, chinese = shipped_pairs()
        known = dict(zip(chinese, english, strict=True))
        return super().__call__([known.get(text, text) for text in texts])


def test_each_text_is_embedded_once_and_many_in_one_call() -> None:
    letters = Letters()
    meanings = Meanings(letters)

    meanings.learn(["mug", "cup", "mug"])
    rows = meanings(["cup", "mug", "cup", "pan"])

    assert letters.calls == [["mug", "cup"], ["pan"]]
    np.testing.assert_array_equal(rows, Letters()(["cup", "mug", "cup", "pan"]))


def test_no_texts_are_no_rows() -> None:
    assert Meanings(Letters())([]).shape == (0, 0)


def test_an_encoder_is_asked_whether_it_reads_chinese() -> None:
    assert not Meanings(Letters()).read_chinese
    assert Meanings(Bilingual()).read_chinese


MUGS = Ontology(
    "mugs",
    [
        Concept("urn:k", {"en": "Kitchen"}),
        Concept("urn:m", {"en": "Mugs & Cups"}),
        Concept("urn:z", {"zh": "锅"}),
    ],
    [(1, 0)],
)


def test_a_concept_is_read_by_each_name_and_part_alone_and_before_the_broader_one() -> None:
    texts = concept_texts(MUGS, [(), ("beaker",), ()])

    assert texts.starts.tolist() == [0, 1, 9]
    names = ["Mugs & Cups", "Mugs", "Cups", "beaker"]
    assert texts.texts[1:9] == [*names, *(f"{name}, Kitchen" for name in names)]
    scores = np.arange(10, dtype=np.float32)[None]
    assert texts.best(scores).tolist() == [[0, 8, 9]]


def test_chinese_names_say_nothing_to_an_encoder_that_does_not_read_them() -> None:
    texts = concept_texts(MUGS, [(), (), ()])
    assert not texts.rows(Meanings(Letters()))[-1].any()
    assert texts.rows(Meanings(Bilingual()))[-1].any()
