"""Carries statements of absent sources over from the files of the previous graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from engine.backends.graph_edges import GraphEdges
from engine.errors import DamagedGenerationError
from engine.types import Product
from index_builder.graph.draft import Draft
from index_builder.graph.revise import Previous, lines_before
from index_builder.graph.upkeep.bulk import parsed
from index_builder.graph.upkeep.expire import MAX_RUNS, Expiry, Statement, carry_over

_MAX_EDGES = 100_000
"""Edges read of one subject, at most."""


def carry_from(
    draft: Draft,
    products: Sequence[Product],
    previous: Previous,
    absent: Collection[str],
    *,
    max_runs: int = MAX_RUNS,
) -> Expiry:
    """As `carry_over`, with the confidences that lie beside the previous graph's statements. Of a previous
    graph that is damaged or missing nothing is carried: the build goes on without it.
    """
    ends = tuple(f" <{source}> ." for source in sorted(absent))
    lines = lines_before(previous)
    confidences = _confidences(previous, [line for line in lines if ends and line.endswith(ends)])
    return carry_over(draft, products, lines, absent, confidences=confidences, max_runs=max_runs)


def _confidences(previous: Previous, lines: Sequence[str]) -> dict[Statement, float]:
    try:
        edges = GraphEdges.open(previous.quads.parent)
    except DamagedGenerationError:
        return {}
    return {
        (edge.subject, edge.predicate, edge.object, edge.source): edge.confidence
        for subject in _subjects(lines)
        for edge in edges.starting_at(subject, _MAX_EDGES)
    }


def _subjects(lines: Sequence[str]) -> Iterable[str]:
    return sorted({str(quad.subject).strip("<>") for quad in parsed(lines)})
