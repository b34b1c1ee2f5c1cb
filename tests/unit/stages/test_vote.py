from math import log2

import numpy as np
import pytest

from engine.stages.vote import PastQueryVotes
from engine.types import Candidates, FloatArray, Mask, PastQuery, RowArray

QUERIES = [
    PastQuery("black ink", 5, np.array([10, 11])),
    PastQuery("ink cartridge", 3, np.array([11])),
    PastQuery("garden hose", 9, np.array([12])),
]
EMBEDDINGS = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], np.float32)


class ExactIndex:
    dimension = 2

    def __len__(self) -> int:
        return len(EMBEDDINGS)

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> list[Candidates]:
        scores = EMBEDDINGS @ vectors[0]
        return [Candidates.ranked(np.arange(len(scores)), scores, limit=limit)]

    def vectors(self, rows: RowArray) -> FloatArray:
        return EMBEDDINGS[rows]


class Store:
    def __len__(self) -> int:
        return len(QUERIES)

    def get(self, row: int) -> PastQuery:
        return QUERIES[row]

    def suggest(self, prefix: str, limit: int) -> list[PastQuery]:
        return []


@pytest.fixture
def vote() -> PastQueryVotes:
    return PastQueryVotes(ExactIndex(), Store(), voters=3, min_cosine=0.6)


INK = np.array([1.0, 0.0], np.float32)


def test_a_closer_query_and_a_better_place_give_more_votes(vote: PastQueryVotes) -> None:
    votes = vote(INK, 10)

    # "black ink" has cosine 1, so strength 1; "ink cartridge" .8, so (.8 - .6) / (1 - .6) = .5.
    assert votes.candidates.rows.tolist() == [11, 10]
    assert votes.candidates.scores.tolist() == pytest.approx([1 / log2(3) + 0.5, 1 / log2(2)])


def test_queries_that_are_too_far_have_no_vote(vote: PastQueryVotes) -> None:
    assert 12 not in vote(INK, 10).candidates.rows


def test_the_filter_holds_for_voted_products(vote: PastQueryVotes) -> None:
    mask = np.ones(13, bool)
    mask[11] = False

    assert vote(INK, 10, mask).candidates.rows.tolist() == [10]


def test_a_cut_list_says_so(vote: PastQueryVotes) -> None:
    assert vote(INK, 10).candidates.complete
    assert not vote(INK, 1).candidates.complete


def test_the_explanation_names_the_queries_behind_a_product(vote: PastQueryVotes) -> None:
    assert vote(INK, 10).behind(11) == ("black ink", "ink cartridge")
