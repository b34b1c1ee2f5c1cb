"""Which statements a product makes only once: its brand, its type, attributes that nearly always have one
value. Two values of such a slot cannot both be right; which attributes those are, the catalogue shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from engine.types import EntityKind
from index_builder.graph.draft import Draft, Node
from index_builder.graph.vocabulary import SourceGraph

MIN_SINGLE = 0.98
"""A slot is functional from this share of products with one value, in what the catalogue itself states."""
MIN_PRODUCTS = 20
"""Fewer products show nothing."""
_ALWAYS = frozenset({EntityKind.BRAND, EntityKind.CATEGORY})


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """`attribute` is the catalogue's key for value nodes, "" for kinds with one meaning (a colour is one,
    whichever attribute states it). The slot of kind category is the product's type.
    """

    kind: EntityKind
    attribute: str = ""


def slot_of(node: Node) -> Slot | None:
    """None for nodes of which a product may always have many: categories of the shop and of taxonomies."""
    if node.kind is EntityKind.ATTRIBUTE_VALUE:
        return Slot(node.kind, node.attribute)
    if node.kind is EntityKind.CATEGORY and not node.attribute:
        return None
    return Slot(node.kind)


def functional_slots(draft: Draft) -> dict[Slot, list[Node]]:
    """The functional slots in order, each with its nodes by IRI."""
    nodes: defaultdict[Slot, list[Node]] = defaultdict(list)
    for iri in sorted(draft.nodes):
        slot = slot_of(draft.nodes[iri])
        if slot is not None:
            nodes[slot].append(draft.nodes[iri])
    return {
        slot: nodes[slot] for slot in sorted(nodes) if slot.kind in _ALWAYS or _has_one_value(nodes[slot])
    }


def _has_one_value(nodes: list[Node]) -> bool:
    stated: Counter[int] = Counter()
    for node in nodes:
        if node.origins:
            stated.update(row for row in node.rows if _by_catalogue(node, row))
        elif node.source == SourceGraph.CATALOGUE:
            stated.update(node.rows)
    single = sum(count == 1 for count in stated.values())
    return len(stated) >= MIN_PRODUCTS and single >= MIN_SINGLE * len(stated)


def _by_catalogue(node: Node, row: int) -> bool:
    return any(origin.source == SourceGraph.CATALOGUE for origin in node.origins_of(row))
