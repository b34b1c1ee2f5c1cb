"""Which statements a product makes only once: its brand, its type, attributes that nearly always have one
value. Two values of such a slot cannot both be right; which attributes those are, the catalogue shows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from engine.text import has_cjk, singular
from engine.types import EntityKind
from index_builder.graph.draft import Draft, Node
from index_builder.graph.vocabulary import SourceGraph

MIN_SINGLE = 0.98
"""A slot is functional from this share of products with one value, in what the catalogue itself states."""
MIN_PRODUCTS = 20
"""Fewer products show nothing."""
_BRACKETS = re.compile(r"[(（][^)）]*[)）]")
_ALWAYS = frozenset({EntityKind.BRAND, EntityKind.CATEGORY})


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """`attribute` is the catalogue's key for value nodes, "" for kinds with one meaning (a colour is one,
    whichever attribute states it). The slot of kind category is the product's type.
    """

    kind: EntityKind
    attribute: str = ""

    @property
    def name(self) -> str:
        return self.attribute or ("type" if self.kind is EntityKind.CATEGORY else self.kind.value)


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


def may_both_be(slot: Slot, one: Node, two: Node) -> bool:
    """Types that end in the same word (`usb cable`, `extension cable`) do not exclude each other, though
    neither is broader; a case for a phone is no phone.
    """
    return slot.kind is EntityKind.CATEGORY and not _heads(one).isdisjoint(_heads(two))


def _heads(node: Node) -> set[str]:
    """The last word of each name, or its last two characters in Chinese, but for what stands in brackets."""
    found = set()
    for name in node.names:
        bare = _BRACKETS.sub(" ", name).strip() or name
        words = bare.split()
        found.add(bare[-2:] if has_cjk(bare) else singular(words[-1]))
    return found


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
