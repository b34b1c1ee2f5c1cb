"""What orders say of pairs of products: bought with it (complements) or bought instead (substitutes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from index_builder.graph.relations.pairs import Pair, unordered
from index_builder.graph.relations.together import Together
from index_builder.graph.vocabulary import SourceGraph, Term

TOP_COMPLEMENTS = 10
MIN_EXPECTED = 5.0
"""Baskets that chance would put both in, before their absence says anything."""


def find_complements(
    together: Together, *, variants: Mapping[int, int], top: int = TOP_COMPLEMENTS
) -> list[Pair]:
    """Pairs that are bought together by habit, sorted: the `top` of each product by likelihood ratio.

    Colours and sizes of one product are often bought together; they are variants, not complements.
    """
    habit = np.flatnonzero(together.complements())
    habit = habit[np.lexsort((together.two[habit], together.one[habit], -together.ratio[habit]))]
    listed = (array[habit].tolist() for array in (together.one, together.two, together.association))
    kept: dict[tuple[int, int], float] = {}
    counts: dict[int, int] = {}
    for one, two, association in zip(*listed, strict=True):
        group = variants.get(one)
        wanted = min(counts.get(one, 0), counts.get(two, 0)) < top
        if wanted and (group is None or group != variants.get(two)):
            kept[one, two] = association
            for row in (one, two):
                counts[row] = counts.get(row, 0) + 1
    return sorted(
        Pair(one, two, Term.RELATED_TO, SourceGraph.BEHAVIOUR, round(min(1.0, association), 4))
        for (one, two), association in kept.items()
    )


def settle_substitutes(similar: Sequence[Pair], together: Together, baskets: int) -> list[Pair]:
    """What is left of `similar` once orders are known, and what they confirm.

    A pair that is bought together by habit is no substitute. One that is rarer in one basket than chance
    would have it, though both sell, is confirmed by a statement of its own, with the noisy-or of its
    likeness and of 1 - lift as its confidence.
    """
    if not baskets:
        return list(similar)
    habit = together.complements()
    places = {
        pair: place
        for place, pair in enumerate(zip(together.one.tolist(), together.two.tolist(), strict=True))
    }
    settled = []
    for pair in similar:
        key = unordered(pair.subject, pair.object)
        place = places.get(key)
        if place is not None and habit[place]:
            continue
        settled.append(pair)
        expected = together.bought[key[0]] * together.bought[key[1]] / baskets
        observed = together.orders[place] if place is not None else 0.0
        if expected >= MIN_EXPECTED and observed < expected:
            sure = 1.0 - (1.0 - pair.confidence) * observed / expected
            settled.append(
                Pair(*key, Term.SIMILAR_TO, SourceGraph.BEHAVIOUR, round(min(0.95, float(sure)), 4))
            )
    return sorted(settled)
