import numpy as np
import pytest

from engine.stages.compare import Compare
from engine.stages.fuse import Scored
from tests.unit.stages.vector_fakes import ExactVectors, ExactWords

VECTORS = ExactVectors(np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]], np.float32))
WORDS = ExactWords(["black ink", "black pen", "hose"])
QUERY = np.array([1.0, 0.0], np.float32)


def found(*rows: int) -> Scored:
    return Scored.ordered(np.array(rows), {"lexical": np.zeros(len(rows))})


def test_every_candidate_gains_its_cosine_and_its_share_of_the_words() -> None:
    compared = Compare(VECTORS, WORDS, dense=5.0, coverage=1.5)(found(0, 1), text="black ink", vector=QUERY)

    assert compared.rows.tolist() == [0, 1]
    assert compared.parts["dense"].tolist() == pytest.approx([5 * 1.0, 5 * 0.6])
    assert compared.parts["coverage"].tolist() == pytest.approx([1.5 * 2 / 2, 1.5 * 1 / 2])


def test_an_opposite_meaning_is_worth_nothing_not_less() -> None:
    compared = Compare(VECTORS, WORDS, dense=5.0, coverage=0.0)(found(2), text="ink", vector=QUERY)

    assert compared.parts["dense"].tolist() == [0.0]


def test_without_an_embedding_or_words_a_part_is_missing() -> None:
    compare = Compare(VECTORS, WORDS, dense=5.0, coverage=1.5)

    assert set(compare(found(0), text="ink", vector=None).parts) == {"lexical", "coverage"}
    assert set(compare(found(0), text=None, vector=QUERY).parts) == {"lexical", "dense"}


def test_nothing_found_stays_nothing() -> None:
    assert len(Compare(VECTORS, WORDS, 5.0, 1.5)(found(), text="ink", vector=QUERY)) == 0
