"""Makes the graph smaller without making it say less: what follows from other statements is dropped, and what
serves no search. What the catalogue states of several products is never touched.
"""

from __future__ import annotations

from index_builder.graph.draft import Draft
from index_builder.graph.upkeep.lineage import Lineage
from index_builder.graph.upkeep.low_value import drop_empty, drop_guessed, drop_names, drop_single_values
from index_builder.graph.upkeep.redundant import (
    drop_chained,
    drop_equal,
    drop_mirrored,
    drop_stated_below,
)
from index_builder.graph.upkeep.saving import CompressionReport, Reason, Saving


def compress(draft: Draft, *, single_values: bool = False) -> CompressionReport:
    """Change the draft in place, after fusion. A second call finds nothing more.

    `single_values` also drops the catalogue's own attribute values that one product alone has. They are half
    of a graph and join nothing, but their words are then no longer known as names to the spelling corrector.
    """
    before = _size(draft)
    saved = {Reason.MIRRORED: Saving(drop_mirrored(draft)), Reason.EQUAL: Saving(drop_equal(draft))}
    lineage = Lineage(draft)
    saved[Reason.BROADER] = Saving(drop_stated_below(draft, lineage))
    saved[Reason.CHAIN] = Saving(drop_chained(draft, lineage))
    saved[Reason.GUESSED] = drop_guessed(draft, lineage)
    if single_values:
        saved[Reason.SINGLE] = drop_single_values(draft)
    saved[Reason.EMPTY] = drop_empty(draft, Lineage(draft))
    saved[Reason.NAME] = drop_names(draft)
    return CompressionReport(before, saved)


def _size(draft: Draft) -> Saving:
    nodes = draft.nodes.values()
    return Saving(
        len(draft.edges) + sum(len(node.rows) for node in nodes),
        len(nodes),
        sum(len(node.names) for node in nodes),
    )
