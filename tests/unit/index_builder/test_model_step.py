"""What the training inside a build may learn from."""

from __future__ import annotations

import numpy as np

from index_builder.graph.compose import ComposedQuery
from index_builder.judgements import Judgements
from index_builder.model_step import lessons_from


def composed(text: str) -> ComposedQuery:
    return ComposedQuery(text, np.array([0], np.int64), 1, "type", (0,))


def test_no_query_of_the_evaluation_teaches_in_whatever_spelling() -> None:
    judgements = Judgements({"q1": "Black HP Inks", "q2": "墨盒"}, {})
    queries = [composed(text) for text in ("hp ink black", "black-hp ink", "hp ink", "墨盒", "墨盒 hp")]

    assert [query.text for query in lessons_from(queries, judgements)] == ["hp ink", "墨盒 hp"]


def test_without_an_evaluation_every_query_teaches() -> None:
    queries = [composed("ink"), composed("paper")]

    assert lessons_from(queries, None) == queries
