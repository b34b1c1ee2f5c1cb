"""Ties the products of a catalogue to each other: variants, accessories, substitutes, complements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

from engine.types import FloatArray, Product
from index_builder.graph.draft import Draft, Edge
from index_builder.graph.relations.axes import Axis
from index_builder.graph.relations.companions import find_companions
from index_builder.graph.relations.compatible import find_compatible
from index_builder.graph.relations.complements import find_complements, settle_substitutes
from index_builder.graph.relations.orders import Baskets
from index_builder.graph.relations.pairs import Pair, unordered
from index_builder.graph.relations.similar import find_similar
from index_builder.graph.relations.together import count_together
from index_builder.graph.relations.variants import VariantGroup, find_variants, group_of
from index_builder.graph.vocabulary import SCHEMA, SourceGraph, Term, node_iri

VARIES_BY: Mapping[Axis, str] = {
    Axis.COLOR: Term.COLOR,
    Axis.SIZE: Term.SIZE,
    Axis.CAPACITY: Term.CAPACITY,
    Axis.PACK: f"{SCHEMA}numberOfItems",
    Axis.LANGUAGE: f"{SCHEMA}inLanguage",
    Axis.MODEL: Term.MODEL,
}


@dataclass(frozen=True, slots=True)
class RelationsReport:
    """`groups` are the product groups, with their names; `edges` counts the statements of each relation that
    were added; `with_neighbour` is the share of products, 0 to 1, that have at least one variant, accessory,
    device, substitute or complement; `seconds` of CPU time.
    """

    groups: tuple[VariantGroup, ...]
    edges: Mapping[Term, int]
    with_neighbour: float
    baskets: Baskets | None
    seconds: float


def relate_products(
    draft: Draft,
    products: Sequence[Product],
    *,
    vectors: FloatArray,
    orders: Baskets | None = None,
    seed: int = 0,
) -> RelationsReport:
    """Add edges between products to the draft. Call it after `infer`, which knows broader types.

    `vectors` is float32 (n, d) of unit rows, row i of product i. Variants hang on a schema:ProductGroup,
    which says in what they vary. SIMILAR_TO and RELATED_TO run from the lower row to the higher and hold
    both ways; no pair has both. Without `orders` there are no RELATED_TO edges: ACCESSORY_FOR says what goes
    with what. Raises ValueError when there is not one vector for each product.
    """
    if len(vectors) != len(products):
        raise ValueError(f"There are {len(products)} products, but {len(vectors)} vectors.")
    started = process_time()
    groups = find_variants(draft, products)
    variants = group_of(groups)
    fitting = find_compatible(draft, products, groups)
    apart = {unordered(pair.subject, pair.object) for pair in fitting}
    similar = find_similar(draft, vectors, variants=variants, excluded=apart)
    related: list[Pair] = []
    if orders is not None:
        together = count_together(orders.rows, len(products), seed=seed)
        related = find_complements(together, variants=variants)
        similar = settle_substitutes(similar, together, len(orders.rows))
    known = apart.union((pair.subject, pair.object) for pair in (*similar, *related))
    companions = find_companions(draft, variants=variants, excluded=known)
    pairs = [*fitting, *similar, *related, *companions]
    edges = {*_edges_of_groups(groups, products), *_edges_of_pairs(pairs, products)}
    draft.edges |= edges
    draft.labels |= {group.iri: group.name for group in groups}
    counts = Counter(edge.predicate for edge in edges)
    near = {row for pair in pairs for row in (pair.subject, pair.object)} | set(variants)
    share = len(near) / len(products) if products else 0.0
    return RelationsReport(
        tuple(groups), dict(sorted(counts.items())), share, orders, process_time() - started
    )


def _edges_of_pairs(pairs: Iterable[Pair], products: Sequence[Product]) -> Iterator[Edge]:
    for pair in pairs:
        subject, thing = (node_iri("product", products[row].id) for row in (pair.subject, pair.object))
        yield Edge(subject, pair.predicate, thing, pair.source, pair.confidence)


def _edges_of_groups(groups: Iterable[VariantGroup], products: Sequence[Product]) -> Iterator[Edge]:
    for group in groups:
        yield Edge(group.iri, Term.TYPE, Term.PRODUCT_GROUP, SourceGraph.INFERENCE)
        for axis in group.axes:
            yield Edge(group.iri, Term.VARIES_BY, VARIES_BY[axis], SourceGraph.INFERENCE, group.confidence)
        for row in group.rows:
            product = node_iri("product", products[row].id)
            yield Edge(product, Term.VARIANT_OF, group.iri, SourceGraph.INFERENCE, group.confidence)
