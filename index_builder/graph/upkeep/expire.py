"""Statements of a source that this run was not given: they stay for some runs, then they expire.

A statement lives as long as its source does. When a build gets no orders, say, what earlier orders told is
not wrong at once: it is carried over from the previous graph, run after run, at most `max_runs` times, each
time with less confidence. How often, the provenance graph says (`<source graph> cartograph:carriedRuns "2"`),
so that the outcome depends on the inputs alone and on no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from engine.types import Product
from index_builder.graph.draft import Draft, Edge, Origin
from index_builder.graph.upkeep.bulk import parsed
from index_builder.graph.vocabulary import ROOT, SourceGraph, Term, node_iri

MAX_RUNS = 3
FADE = 0.8
"""A carried statement keeps this share of its confidence, each time."""
UNKNOWN_CONFIDENCE = 0.5
"""Before fading, of a statement whose confidence the previous graph did not keep: RDF has none."""
_CARRIED = f"{ROOT}carriedRuns"
_TERMS = {term.value: term for term in Term}

Statement = tuple[str, str, str, str]
"""Subject, predicate, object and source, all IRIs."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """By source: statements carried over; those dropped because their source was absent more than `max_runs`
    times in a row; those dropped because a product or entity they speak of is gone. `runs` says how often the
    carried ones were carried, this time included.
    """

    carried: Mapping[str, int]
    expired: Mapping[str, int]
    orphaned: Mapping[str, int]
    runs: Mapping[str, int]

    def lines(self) -> list[str]:
        """Statements for the provenance graph, as N-Quads: the next run reads them."""
        graph = SourceGraph.PROVENANCE
        return [f'<{source}> <{_CARRIED}> "{count}" <{graph}> .' for source, count in self.runs.items()]

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they stand in a generation's report."""
        return asdict(self)


def carry_over(
    draft: Draft,
    products: Sequence[Product],
    previous: Iterable[str],
    absent: Collection[str],
    *,
    confidences: Mapping[Statement, float] | None = None,
    max_runs: int = MAX_RUNS,
) -> Expiry:
    """Add what the `previous` graph (its N-Quads lines) says in the named graphs `absent` to the draft.

    Statements between products and entities that still exist are carried; entities that only an absent
    source knew are not made again. `confidences` are those of the previous graph, in (0, 1].
    """
    ages, statements = _read(previous, absent)
    rows = {node_iri("product", product.id): row for row, product in enumerate(products)}
    carried, expired, orphaned = Counter[str](), Counter[str](), Counter[str]()
    runs = {
        source: ages.get(source, 0) + 1
        for source, quads in statements.items()
        if quads and ages.get(source, 0) < max_runs
    }
    for source, quads in statements.items():
        for subject, predicate, thing in quads:
            if source not in runs:
                expired[source] += 1
                continue
            known = (confidences or {}).get((subject, predicate, thing, source), UNKNOWN_CONFIDENCE)
            said = Edge(subject, _TERMS[predicate], thing, source, known * FADE)
            (carried if _add(draft, rows, said) else orphaned)[source] += 1
    return Expiry(dict(carried), dict(expired), dict(orphaned), runs)


def _read(
    lines: Iterable[str], absent: Collection[str]
) -> tuple[dict[str, int], dict[str, list[tuple[str, str, str]]]]:
    """How often each source was carried before, and what the absent ones say of products and entities."""
    ends = tuple(sorted(f" <{source}> ." for source in absent))
    wanted = [line for line in lines if (ends and line.endswith(ends)) or f"> <{_CARRIED}> " in line]
    ages: dict[str, int] = {}
    statements: dict[str, list[tuple[str, str, str]]] = {source: [] for source in sorted(absent)}
    for quad in parsed(wanted):
        subject, predicate, thing = quad.subject, quad.predicate.value, quad.object
        if not isinstance(subject, NamedNode):
            continue
        if predicate == _CARRIED and isinstance(thing, Literal):
            ages[subject.value] = int(thing.value)
        elif predicate in _TERMS and isinstance(thing, NamedNode):
            statements[_graph_of(quad)].append((subject.value, predicate, thing.value))
    return ages, statements


def _graph_of(quad: Quad) -> str:
    assert isinstance(quad.graph_name, NamedNode)  # noqa: S101 - the line ends with it
    return quad.graph_name.value


def _add(draft: Draft, rows: Mapping[str, int], said: Edge) -> bool:
    """False when it speaks of something that is gone."""
    node, row = draft.nodes.get(said.object), rows.get(said.subject)
    if row is not None and node is not None and node.predicate == said.predicate:
        node.hang(row, Origin(said.source, said.confidence))
        return True
    if any(end not in rows and end not in draft.nodes for end in (said.subject, said.object)):
        return False
    draft.edges.add(said)
    return True
