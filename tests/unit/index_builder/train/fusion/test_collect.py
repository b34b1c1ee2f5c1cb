"""A search that is made up answers the queries; its explanations are what there is to collect."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.deadline import Deadline
from engine.plan import MAX_CANDIDATES, MAX_RERANK_DEPTH
from engine.request import ExpansionInfo, Explanation, Hit, ScorePart, SearchRequest, SearchResult
from engine.types import Product, ProductId
from index_builder.train.control import TrainingControl
from index_builder.train.fusion.collect import collect
from index_builder.train.fusion.graded_list import PARTS
from index_builder.train.fusion.kept_lists import BLOCK
from index_builder.train.queries.query import Origin, TrainingQuery
from tests.unit.index_builder.train.fusion.graded_lists import parts

IDS = [ProductId(name) for name in ("pen", "ink", "hose")]
WEIGHTS = dict.fromkeys(PARTS, 2.0) | {"prior": 0.001}


class Answers:
    """The ink first, then the hose; the pen is not found."""

    def __init__(self) -> None:
        self.asked: list[SearchRequest] = []

    def __call__(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        self.asked.append(request)
        ink = (ScorePart("lexical", 1.8, 1, 7.0), ScorePart("past_queries", 0.4), ScorePart("prior", 0.0005))
        hose = (ScorePart("dense", 1.0), ScorePart("graph_other_kind", -2.0), ScorePart("graph", 0.0, 1, 3.0))
        hits = tuple(
            Hit(Product(ProductId(name), name), rank, sum(part.value for part in said), Explanation(said))
            for rank, (name, said) in enumerate((("ink", ink), ("hose", hose)), start=1)
        )
        return SearchResult(hits, "", (), 2, True, ExpansionInfo("ink"), (), (), "g1")


def asked(origin: Origin = Origin.JUDGEMENTS) -> TrainingQuery:
    grades = np.array([1.0, 0.5], np.float32)
    return TrainingQuery("ink", np.array([1, 0]), grades, np.array([0, 1]), origin, weight=4.0)


def test_parts_are_divided_by_their_weights() -> None:
    [found] = collect(Answers(), WEIGHTS, [asked()], IDS)

    wanted = parts(
        2,
        lexical=[1.8 / 2, 0.0],
        past_queries=[0.4 / 2, 0.0],
        prior=[0.0005 / 0.001, 0.0],
        dense=[0.0, 1.0 / 2],
        graph_other_kind=[0.0, -2.0 / 2],
    )
    assert found.parts == pytest.approx(wanted)


def test_grades_are_those_of_the_products_found_and_all_grades_those_of_the_query() -> None:
    [found] = collect(Answers(), WEIGHTS, [asked()], IDS)

    assert found.grades.tolist() == [1.0, 0.0]
    assert found.judged.tolist() == [True, False]
    assert found.all_grades.tolist() == [1.0, 0.5]  # the pen's, too
    assert found.weight == 4.0


def test_what_shoppers_did_is_hidden_where_it_made_the_grades() -> None:
    [found] = collect(Answers(), WEIGHTS, [asked(Origin.EVENTS)], IDS)

    assert found.parts == pytest.approx(
        parts(2, lexical=[0.9, 0.0], dense=[0.0, 0.5], graph_other_kind=[0.0, -1.0])
    )


def test_the_search_is_as_deep_as_can_be_and_explained() -> None:
    answers, told = Answers(), []
    control = TrainingControl(progress=lambda done, total: told.append((done, total)))
    collect(answers, WEIGHTS, [asked(), asked()], IDS, control)

    request = answers.asked[0]
    assert (request.query, request.explain) == ("ink", True)
    assert (request.page_size, request.rerank.depth) == (MAX_CANDIDATES, MAX_RERANK_DEPTH)
    assert told == [(1, 2), (2, 2)]


def test_once_time_is_up_nothing_more_is_searched_for() -> None:
    assert collect(Answers(), WEIGHTS, [asked()] * 5, IDS, TrainingControl(max_seconds=0)) == []


def test_what_a_cut_off_run_has_kept_is_not_searched_for_again(tmp_path: Path) -> None:
    queries = [replace(asked(), weight=float(number)) for number in range(2 * BLOCK + 5)]
    whole = collect(Answers(), WEIGHTS, queries, IDS)

    def cut_off(done: int, _total: int) -> None:
        if done == BLOCK + 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(Answers(), WEIGHTS, queries, IDS, TrainingControl(tmp_path, progress=cut_off))
    answers = Answers()
    found = collect(answers, WEIGHTS, queries, IDS, TrainingControl(tmp_path, resume=True))

    assert len(answers.asked) == len(queries) - BLOCK
    assert len(found) == len(whole)
    for one, other in zip(found, whole, strict=True):
        for name in ("parts", "grades", "judged", "all_grades", "weight"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
