"""What products say about two names: whether one product lists both, and how alike their products are."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from engine.types import EntityKind, Product
from index_builder.graph.draft import Draft, Node
from index_builder.graph.resolution.words import cut, key_of

MAX_ROWS = 40
"""Products of a node that are looked at, evenly spread over all of them."""
MAX_NEIGHBOUR_SHARE = 0.5
"""Nodes on more than this share of the products say nothing about any of them."""


class Context:
    """Reads the draft as it was before any merge; answers are in [0, 1]."""

    def __init__(self, draft: Draft, products: Sequence[Product]) -> None:
        self._draft = draft
        self._products = products
        self._profiles: dict[str, Mapping[int, float]] = {}

    def listed_together(self, one: Node, two: Node) -> float:
        """The share of the rarer name's products whose catalogue entry states both: a shop that lists both in
        one breath holds them for two things.
        """
        first, second = _stated(one), _stated(two)
        smaller = min(len(first), len(second))
        return len(first & second) / smaller if smaller else 0.0

    def alikeness(self, one: Node, two: Node) -> float:
        """Cosine of what else hangs on their products, rare things counting more (tf-idf). Values of their
        own attribute take no part.
        """
        first, second = self._profile(one), self._profile(two)
        if len(second) < len(first):
            first, second = second, first
        return sum(weight * second.get(place, 0.0) for place, weight in first.items())

    def brand_share(self, node: Node, brand: str) -> float:
        """The share of a node's products whose brand is `brand` (words, as `cut` gives them)."""
        rows = _spread(node.rows)
        wanted = key_of(brand.split())
        hits = sum(key_of(cut(self._products[row].brand)).startswith(wanted) for row in rows)
        return hits / len(rows) if rows else 0.0

    def _profile(self, node: Node) -> Mapping[int, float]:
        known = self._profiles.get(node.iri)
        if known is None:
            counts: Counter[int] = Counter()
            spaces, by_row, rarity = self._index
            own = spaces.get(_space(node), -1)
            for row in _spread(node.rows):
                counts.update(place for place, space in by_row.get(row, ()) if space != own)
            weights = {place: math.log1p(count) * rarity[place] for place, count in counts.items()}
            norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
            known = self._profiles[node.iri] = {place: weight / norm for place, weight in weights.items()}
        return known

    @cached_property
    def _index(self) -> tuple[dict[str, int], Mapping[int, list[tuple[int, int]]], list[float]]:
        """Numbers of the spaces; (node, space) of each row; the rarity of each node."""
        total = max(1, len(self._products))
        spaces: dict[str, int] = {}
        by_row: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        rarity: list[float] = []
        for place, iri in enumerate(sorted(self._draft.nodes)):
            node = self._draft.nodes[iri]
            space = spaces.setdefault(_space(node), len(spaces))
            rarity.append(math.log(total / len(node.rows)) if node.rows else 0.0)
            if 2 <= len(node.rows) <= max(2, MAX_NEIGHBOUR_SHARE * total):
                for row in node.rows:
                    by_row[row].append((place, space))
        return spaces, by_row, rarity


def _space(node: Node) -> str:
    return node.attribute if node.kind is EntityKind.ATTRIBUTE_VALUE else node.kind


def _stated(node: Node) -> set[int]:
    """Rows that say so in the field that the node itself was read from; texts name a thing twice."""
    if not node.origins:
        return set(node.rows)
    return {row for row in node.rows if row not in node.origins or node.origins[row].source == node.source}


def _spread(rows: Sequence[int]) -> Sequence[int]:
    if len(rows) <= MAX_ROWS:
        return rows
    step = len(rows) / MAX_ROWS
    return [rows[int(place * step)] for place in range(MAX_ROWS)]
