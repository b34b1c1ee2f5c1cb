"""One reading of each text from two: entities, and relations to things that the text names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from index_builder.graph.evidence import Label, Mention, TextField

_GIVES_WAY = frozenset({Label.TARGET, Label.MODEL, Label.SERIES, Label.BRAND, Label.TYPE})
"""What the words of a target are read as by those who do not see the relation."""


def merged(entities: Sequence[Mention], relations: Sequence[Mention]) -> list[Mention]:
    """All relations, and the entities that are not parts of what a relation names: "LaserJet" and "4000" in
    "for LaserJet 4000" are no series and model of this product. Sorted by row, field and place.
    """
    taken: defaultdict[tuple[int, TextField], list[Mention]] = defaultdict(list)
    for mention in relations:
        taken[mention.row, mention.field].append(mention)
    kept = [
        mention
        for mention in entities
        if mention.label not in _GIVES_WAY
        or all(
            mention.end <= other.start or other.end <= mention.start
            for other in taken[mention.row, mention.field]
        )
    ]
    return sorted(
        [*kept, *relations], key=lambda each: (each.row, each.field, each.start, each.end, each.label)
    )
