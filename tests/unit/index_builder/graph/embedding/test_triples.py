from __future__ import annotations

from engine.types import Product, ProductId
from index_builder.graph.draft import Edge, Origin
from index_builder.graph.embedding.triples import triples_of
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri
from tests.unit.index_builder.graph.embedding.orchard import drafted

SHOP = [
    Product(ProductId("a"), "A", attributes={"soil": "Loam", "color": "red"}),
    Product(ProductId("b"), "B", attributes={"soil": "Loam", "color": "red"}),
    Product(ProductId("c"), "C", attributes={"soil": "Chalk"}),
]
LOAM, RED = node_iri("value", "soil", "loam"), node_iri("color", "red")
A, B = node_iri("product", "a"), node_iri("product", "b")


def test_statements_become_triples_over_products_first_then_shared_nodes() -> None:
    draft = drafted(SHOP)
    draft.edges.add(Edge(A, Term.SIMILAR_TO, B, SourceGraph.SIMILARITY, 0.5))
    draft.nodes[RED].origins[1] = Origin(SourceGraph.TAGGER, 0.25)

    found = triples_of(draft, SHOP)

    named = {
        (found.entities[head], found.relations[relation], found.entities[tail]): float(weight)
        for head, relation, tail, weight in zip(
            found.head, found.relation, found.tail, found.weight, strict=True
        )
    }
    assert named == {
        (A, "soil", LOAM): 1.0,
        (B, "soil", LOAM): 1.0,
        (A, "color", RED): 1.0,
        (B, "color", RED): 0.25,
        (A, Term.SIMILAR_TO.value, B): 0.5,
    }
    assert found.entities[:3] == (A, B, node_iri("product", "c"))
    assert found.products == 3


def test_predictions_are_not_learned_from() -> None:
    draft = drafted(SHOP)
    draft.nodes[LOAM].origins[0] = Origin(SourceGraph.PREDICTION, 0.4)
    draft.edges.add(Edge(A, Term.SIMILAR_TO, B, SourceGraph.PREDICTION, 0.4))

    found = triples_of(draft, SHOP)

    assert (0, "soil") not in {
        (head, found.relations[relation])
        for head, relation in zip(found.head.tolist(), found.relation.tolist(), strict=True)
    }
    assert Term.SIMILAR_TO.value not in found.relations


def test_an_empty_draft_has_no_triples() -> None:
    assert len(triples_of(drafted([]), [])) == 0
