from __future__ import annotations

import pytest

from index_builder.graph.draft import Edge
from index_builder.graph.relations.orders import Baskets
from index_builder.graph.relations.relate import relate_products
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri
from tests.unit.index_builder.graph.relations.shelf import drafted, product, unit_rows

SHOP = [
    product("rope-red", "Acme Climbing rope red", "Acme"),
    product("rope-blue", "Acme Climbing rope blue", "Acme"),
    product("other-rope", "Bolt Static line", "Bolt"),
    product("jet", "Acme WideJet 4200n printer", "Acme"),
    product("cyan", "Acme Ink QX71 cyan", "Acme", compatibility="WideJet 4200n", color="cyan"),
    product("black", "Acme Ink QX94 black", "Acme", compatibility="WideJet 4200n", color="black"),
]
VECTORS = unit_rows(0, 1, 20, 120, 240, 300)


def iri(key: str) -> str:
    return node_iri("product", key)


def test_each_relation_has_its_edges_and_its_named_graph() -> None:
    draft = drafted(SHOP)
    before = set(draft.edges)

    report = relate_products(draft, SHOP, vectors=VECTORS)

    (group,) = report.groups
    assert draft.edges - before == {
        Edge(group.iri, Term.TYPE, Term.PRODUCT_GROUP, SourceGraph.INFERENCE),
        Edge(group.iri, Term.VARIES_BY, Term.COLOR, SourceGraph.INFERENCE),
        Edge(iri("rope-red"), Term.VARIANT_OF, group.iri, SourceGraph.INFERENCE),
        Edge(iri("rope-blue"), Term.VARIANT_OF, group.iri, SourceGraph.INFERENCE),
        Edge(iri("rope-blue"), Term.SIMILAR_TO, iri("other-rope"), SourceGraph.SIMILARITY),
        Edge(iri("rope-red"), Term.SIMILAR_TO, iri("other-rope"), SourceGraph.SIMILARITY),
        Edge(iri("cyan"), Term.ACCESSORY_FOR, iri("jet"), SourceGraph.INFERENCE),
        Edge(iri("black"), Term.ACCESSORY_FOR, iri("jet"), SourceGraph.INFERENCE),
        Edge(iri("cyan"), Term.RELATED_TO, iri("black"), SourceGraph.INFERENCE),
    }
    assert report.edges[Term.ACCESSORY_FOR] == 2
    assert report.with_neighbour == 1.0
    assert all(0 < edge.confidence <= 1 for edge in draft.edges)


def test_no_pair_is_both_substitute_and_complement() -> None:
    together = Baskets(tuple([(0, 2)] * 20 + [(3, 4)] * 20))

    draft = drafted(SHOP)
    relate_products(draft, SHOP, vectors=VECTORS, orders=together)

    pairs = {
        term: {(edge.subject, edge.object) for edge in draft.edges if edge.predicate is term}
        for term in (Term.SIMILAR_TO, Term.RELATED_TO)
    }
    assert (iri("rope-red"), iri("other-rope")) in pairs[Term.RELATED_TO]
    assert not pairs[Term.SIMILAR_TO] & pairs[Term.RELATED_TO]


def test_the_same_catalogue_gives_the_same_edges_in_any_process_order() -> None:
    first, second = drafted(SHOP), drafted(SHOP)

    relate_products(first, SHOP, vectors=VECTORS)
    relate_products(second, SHOP, vectors=VECTORS)

    def told(edges: set[Edge]) -> list[tuple[Edge, float]]:
        return [(edge, edge.confidence) for edge in sorted(edges)]

    assert told(first.edges) == told(second.edges)


def test_each_product_needs_its_vector() -> None:
    with pytest.raises(ValueError, match="6 products, but 5 vectors"):
        relate_products(drafted(SHOP), SHOP, vectors=VECTORS[:5])


def test_an_empty_shop_has_no_relations() -> None:
    report = relate_products(drafted([]), [], vectors=VECTORS[:0])

    assert (dict(report.edges), report.with_neighbour) == ({}, 0.0)
