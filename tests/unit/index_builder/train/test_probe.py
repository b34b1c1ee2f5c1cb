"""The probe tells an encoder that reads Chinese from one that does not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.types import FloatArray
from index_builder.train.probe import chinese_accuracy, shipped_pairs

ENGLISH, CHINESE = shipped_pairs()


@dataclass
class Dictionary:
    """Gives a word and its translation the same vector when it knows Chinese, else Chinese one vector."""

    knows_chinese: bool
    id: str = "dictionary"
    dimension: int = len(ENGLISH)
    device: str = "cpu"

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            if text in ENGLISH:
                vectors[row, ENGLISH.index(text)] = 1
            else:
                vectors[row, CHINESE.index(text) if self.knows_chinese else 0] = 1
        return vectors

    def encode_products(self, texts: Sequence[str]) -> FloatArray:
        return self.encode_queries(texts)


def test_an_encoder_that_knows_every_word_scores_one() -> None:
    assert chinese_accuracy(Dictionary(knows_chinese=True)) == 1.0


def test_an_encoder_that_takes_all_chinese_for_one_word_scores_chance() -> None:
    assert chinese_accuracy(Dictionary(knows_chinese=False)) == 1 / len(ENGLISH)


def test_the_shipped_words_are_enough_to_tell() -> None:
    assert len(ENGLISH) == len(CHINESE) >= 50
