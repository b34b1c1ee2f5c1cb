"""How the weights of relations are learned; the small graph's numbers can be followed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backends.graph_tables import GraphTables
from engine.backends.relation_weights import RELATIONS, RelationWeight, RelationWeights
from engine.errors import DamagedGenerationError
from engine.stages.expand import Expand
from engine.stages.link import EntityLinker
from engine.stages.understand import Understand
from engine.types import Entity, EntityKind, GraphEdge, RowArray
from index_builder.graph.compose import ComposedQuery
from index_builder.graph.relation_weights import (
    PRIOR,
    Lesson,
    composed_lessons,
    fit_relation_weights,
    judged_lessons,
)
from index_builder.judgements import Judgements
from index_builder.train.cards.query_hashes import query_hash
from tests.unit.stages.graph_fake import FakeGraph, entity

INK = entity("ink", EntityKind.CATEGORY, 2)
SUPPLIES = entity("supplies", EntityKind.CATEGORY, 102)
GRAPH = FakeGraph(
    200,
    rows={INK.iri: range(2), SUPPLIES.iri: range(102)},
    edges={INK.iri: (GraphEdge("broader", SUPPLIES),)},
)
UNDERSTAND = Understand(EntityLinker([("ink", INK, 1.0)], {}))


def gains(*known: tuple[range, float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    found = np.full(200, np.nan, np.float32)
    for rows, gain in known:
        found[rows] = gain
    return found


def test_a_step_is_worth_the_gain_of_what_it_adds_relative_to_what_was_named() -> None:
    lesson = Lesson("ink", gains((range(2), 0.5), (range(2, 102), 0.1)))

    learned = fit_relation_weights([lesson], UNDERSTAND, Expand(GRAPH), "judgements")

    expected = (100 * 0.1 / 0.5 + PRIOR * 0.4) / (100 + PRIOR)  # the default of "broader" is 0.4
    assert learned.relations["broader"].weight == pytest.approx(expected, abs=1e-4)
    assert learned.relations["broader"].products == 100
    assert (learned.source, learned.queries) == ("judgements", 1)


def test_products_that_nobody_judged_teach_nothing() -> None:
    lesson = Lesson("ink", gains((range(2), 1.0), (range(2, 12), 1.0)))

    learned = fit_relation_weights([lesson], UNDERSTAND, Expand(GRAPH), "judgements")

    assert learned.relations["broader"].products == 10


def test_a_relation_that_was_never_walked_keeps_its_default() -> None:
    learned = fit_relation_weights([], UNDERSTAND, Expand(GRAPH), "judgements")

    assert learned.relations["same as"] == RelationWeight(0.8, 0)


def test_no_weight_exceeds_one() -> None:
    lesson = Lesson("ink", gains((range(2), 0.1), (range(2, 102), 1.0)))

    learned = fit_relation_weights([lesson], UNDERSTAND, Expand(GRAPH), "judgements")

    assert learned.relations["broader"].weight == 1.0


def test_a_query_teaches_only_of_the_entities_it_means() -> None:
    elsewhere = frozenset({SUPPLIES.iri})
    lesson = Lesson("ink", gains((range(2), 1.0), (range(2, 102), 1.0)), elsewhere)

    learned = fit_relation_weights([lesson], UNDERSTAND, Expand(GRAPH), "composed")

    assert learned.relations["broader"].products == 0


def test_queries_that_people_asked_are_kept_as_hashes_and_survive_the_disk(tmp_path: Path) -> None:
    asked = Lesson("black inks", gains((range(2), 1.0)))
    composed = Lesson("ink", gains((range(2), 1.0)), frozenset({INK.iri}))

    fit_relation_weights([asked, composed], UNDERSTAND, Expand(GRAPH), "judgements").write(tmp_path)

    assert RelationWeights.open(tmp_path).query_hashes == (query_hash("ink black"),)


def test_a_file_from_before_hashes_were_kept_can_be_read(tmp_path: Path) -> None:
    (tmp_path / RELATIONS).write_text('{"source": "composed queries", "queries": 3, "relations": {}}')

    assert RelationWeights.open(tmp_path) == RelationWeights("composed queries", 3, {})


def test_judgements_become_shares_of_the_best_rating_by_row() -> None:
    judgements = Judgements({"q": "ink"}, {"q": {"a": 3.0, "b": 1.0, "gone": 2.0, "bad": -1.0}})

    (lesson,) = judged_lessons(judgements, {"a": 4, "b": 0, "bad": 1}, 5)

    assert lesson.gains == pytest.approx([1 / 3, 0.0, np.nan, np.nan, 1.0], nan_ok=True)


def test_a_composed_query_is_answered_by_products_with_all_of_its_entities() -> None:
    postings: list[RowArray] = [np.array([0, 1, 2]), np.array([1, 2, 3])]
    tables = GraphTables(
        product_total=5,
        entities=[Entity("urn:a", EntityKind.COLOR, "a"), Entity("urn:b", EntityKind.CATEGORY, "b")],
        relations=["", ""],
        names=[],
        rows=np.concatenate(postings).astype(np.int32),
        confidences=np.full(6, 255, np.uint8),
        offsets=np.array([0, 3, 6]),
        words={},
    )

    (lesson,) = composed_lessons([ComposedQuery("a b", np.array([1]), 2, "x", (0, 1))], tables)

    assert lesson.gains == pytest.approx([0, 1, 1, 0, np.nan], nan_ok=True)  # 0 and 3 miss one, 4 misses both
    assert lesson.entities == frozenset({"urn:a", "urn:b"})


def test_weights_survive_the_disk_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    learned = RelationWeights("composed", 3, {"broader": RelationWeight(0.25, 7)})
    learned.write(tmp_path)

    assert RelationWeights.open(tmp_path) == learned
    assert learned.by_name == {"broader": 0.25}

    (tmp_path / RELATIONS).write_text('{"source": "composed"}')
    with pytest.raises(DamagedGenerationError, match=RELATIONS):
        RelationWeights.open(tmp_path)
