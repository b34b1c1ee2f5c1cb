import numpy as np
import pytest

from engine.types import Candidates, FloatArray, Product, ProductId, RowArray
from index_builder.train.queries.negatives import MiningPlan, NegativeMiner, Score
from index_builder.train.queries.query import Origin, TrainingQuery

TITLES = (
    "Acme mouse red",  # 0, the answer
    "Bolt mouse blue",  # 1, an answer that nobody graded
    "Corv mouse pad",  # 2
    "Corv keyboard",  # 3
    "Dune mouse bungee",  # 4, what kind of thing it is, nobody knows
    "Acme mouse red!",  # 5, says the same as the answer
    "Acme monitor",  # 6
)
PRODUCTS = [Product(ProductId(f"P-{row}"), title) for row, title in enumerate(TITLES)]
TYPED = np.array([True, True, True, True, False, True, True])
COSINES = (0.8, 0.7, 0.6, 0.1, 0.5, 0.75, 0.79)
"""Of the query with each product. 0.79 is above .95 * .8 = .76: too close to be surely wrong."""
QUERY = TrainingQuery(
    "mouse",
    rows=np.array([0, 6], np.int64),
    grades=np.array([1.0, 0.0], np.float32),
    answers=np.array([0, 1], np.int64),
    origin=Origin.GRAPH,
)


class Words:
    """Finds the products whose titles hold the query's first word."""

    def search(self, text: str, limit: int) -> Candidates:
        rows = [row for row, title in enumerate(TITLES) if text.split(maxsplit=1)[0] in title]
        return Candidates(np.array(rows[:limit], np.int64), np.ones(len(rows[:limit]), np.float32))


def vectors() -> tuple[FloatArray, FloatArray]:
    """Unit vectors in the plane whose cosines with (1, 0) are those wanted."""
    cosines = np.array(COSINES, np.float32)
    products = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1)
    return np.array([[1.0, 0.0]], np.float32), products


def mined(
    query: TrainingQuery = QUERY, *, plan: MiningPlan | None = None, score: Score | None = None, seed: int = 0
) -> RowArray:
    miner = NegativeMiner(PRODUCTS, Words(), TYPED, plan, score)
    asked, products = vectors()
    return miner.mine([query], asked, products, seed=seed)[0]


def test_what_words_and_meaning_find_and_is_no_answer_is_a_negative() -> None:
    assert set(mined().tolist()) == {2, 3}


def test_judged_queries_take_negatives_whose_kind_nobody_knows() -> None:
    judged = TrainingQuery("mouse", QUERY.rows, QUERY.grades, QUERY.answers, Origin.JUDGEMENTS)

    assert set(mined(judged).tolist()) == {2, 3, 4}


def test_a_candidate_about_as_close_as_the_answer_is_left_out_until_the_limit_allows_it() -> None:
    assert 6 not in mined()
    assert 6 in mined(plan=MiningPlan(closest=0.999))


def test_a_cross_encoder_has_the_last_word() -> None:
    def score(_queries: object, rows: object) -> FloatArray:
        assert isinstance(rows, list)
        return np.array([0.9 if row in (0, 2) else 0.1 for row in rows], np.float32)

    assert mined(score=score).tolist() == [3]


def test_at_most_as_many_as_planned_half_of_them_by_words() -> None:
    one = mined(plan=MiningPlan(per_query=1))

    assert one.tolist() == [2]  # (1 + 1) // 2 = 1 by words, where only the mouse pad is left


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_negatives(seed: int) -> None:
    assert mined(seed=seed).tolist() == mined(seed=seed).tolist()


def test_a_query_without_answers_has_no_negatives() -> None:
    nothing = np.empty(0, np.int64)
    unanswered = TrainingQuery("mouse", nothing, np.empty(0, np.float32), nothing, Origin.JUDGEMENTS)

    assert len(mined(unanswered)) == 0
