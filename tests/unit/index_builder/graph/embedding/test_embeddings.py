from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.graph_vectors import GraphVectors
from index_builder.graph.embedding.embeddings import GraphEmbeddings, embed_graph
from index_builder.graph.embedding.held_out import measure
from index_builder.graph.embedding.model import (
    ModelKind,
    entity_rows,
    from_head,
    from_tail,
    make_model,
    relation_row,
)
from index_builder.graph.embedding.training import TrainingSettings
from index_builder.graph.embedding.vectors import write_vectors
from index_builder.graph.vocabulary import node_iri
from tests.unit.index_builder.graph.embedding.orchard import drafted, trees

SMALL = TrainingSettings(width=8, epochs=20, learning_rate=0.1)
SHOP = trees(240)


@pytest.fixture(scope="module")
def embeddings() -> GraphEmbeddings:
    return embed_graph(drafted(SHOP), SHOP, settings=SMALL, seed=1)


@pytest.mark.parametrize("kind", ModelKind)
@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_folding_a_relation_into_either_end_gives_the_score_of_the_model(kind: ModelKind, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make_model(kind, 5, 3, 8)
    head, relation, tail = (torch.tensor([index]) for index in (1, 2, 4))

    with torch.no_grad():
        h, r, t = entity_rows(model, head), relation_row(model, relation), entity_rows(model, tail)
        expected = float(model(head, relation, tail))
        folded = float((from_head(h, r, kind) * t).sum()), float((h * from_tail(t, r, kind)).sum())

    assert folded == pytest.approx((expected, expected), abs=1e-5)


def test_held_out_values_are_found_where_a_rule_tells_them(embeddings: GraphEmbeddings) -> None:
    """Fruit, genus and soil follow from each other; frequency, being even, finds one in four at best."""
    report = measure(embeddings)

    assert report.count > 5
    assert report.hits_at_1 > report.popular_hits_at_1
    assert report.mean_reciprocal_rank > report.popular_mean_reciprocal_rank


def test_what_is_held_out_was_not_trained_on(embeddings: GraphEmbeddings) -> None:
    known, held = (
        set(zip(each.head.tolist(), each.relation.tolist(), each.tail.tolist(), strict=True))
        for each in (embeddings.known, embeddings.held_out)
    )

    assert held
    assert not {(head, relation) for head, relation, _ in held} & {
        (head, relation) for head, relation, _ in known
    }


def test_the_same_seed_gives_the_same_bytes(embeddings: GraphEmbeddings) -> None:
    again = embed_graph(drafted(SHOP), SHOP, settings=SMALL, seed=1)
    other = embed_graph(drafted(SHOP), SHOP, settings=SMALL, seed=2)

    assert again.rows.tobytes() == embeddings.rows.tobytes()
    assert other.rows.tobytes() != embeddings.rows.tobytes()


def test_training_leaves_the_random_state_of_the_process_alone() -> None:
    before = torch.get_rng_state()

    embed_graph(drafted(SHOP[:8]), SHOP[:8], settings=TrainingSettings(width=4, epochs=1))

    assert torch.equal(torch.get_rng_state(), before)


def test_the_engine_scores_products_that_state_an_entity_highest(
    embeddings: GraphEmbeddings, tmp_path: Path
) -> None:
    draft = drafted(SHOP)
    loam = node_iri("value", "soil", "loam")

    write_vectors(embeddings, draft, [node_iri("brand", "nobody"), loam], tmp_path)

    opened = GraphVectors.open(tmp_path)
    scores = opened.scores([1], np.arange(len(SHOP)))
    stated = np.zeros(len(SHOP), np.bool_)
    stated[draft.nodes[loam].rows] = True
    assert scores[stated].min() > scores[~stated].max()
    assert opened.scores([0], np.arange(3)).tolist() == [0.0, 0.0, 0.0]


def test_an_empty_shop_can_be_embedded(tmp_path: Path) -> None:
    draft = drafted([])
    nothing = embed_graph(draft, [], settings=SMALL)

    assert measure(nothing).count == 0
    assert write_vectors(nothing, draft, [], tmp_path).products.shape == (0, SMALL.width)
