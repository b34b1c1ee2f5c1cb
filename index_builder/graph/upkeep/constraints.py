"""Checks a built graph against the rules that hold of every graph, and reports what breaks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyoxigraph

from engine.backends.graph_store import open_store, reading
from index_builder.graph.upkeep.shapes import BROADER_PAIRS, MENTIONED, PRODUCTS, SHAPES, Severity
from index_builder.graph.vocabulary import ROOT

LISTED = 10
"""Violations told in full for each rule; all are counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: how often it is broken, and the first violations in order."""

    id: str
    severity: Severity
    count: int
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConstraintReport:
    """Every rule that was checked, those that hold too."""

    statements: int
    checks: tuple[Check, ...]

    @property
    def errors(self) -> int:
        return sum(check.count for check in self.checks if check.severity is Severity.ERROR)

    @property
    def warnings(self) -> int:
        return sum(check.count for check in self.checks if check.severity is Severity.WARNING)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they stand in a generation's report."""
        return {
            "statements": self.statements,
            "errors": self.errors,
            "warnings": self.warnings,
            "checks": [asdict(check) for check in self.checks],
        }


def check(store_folder: Path, *, listed: int = LISTED) -> ConstraintReport:
    """Check every rule on a store, opened read-only. Raises DamagedGenerationError when it is damaged."""
    store = open_store(store_folder)
    with reading(store_folder):
        return check_store(store, listed=listed)


def check_store(store: pyoxigraph.Store, *, listed: int = LISTED) -> ConstraintReport:
    """As `check`, of an open store."""
    checks = []
    for shape in SHAPES:
        found = (
            shape.message.format(**{name: _short(value) for name, value in solution.items()})
            for solution in _solutions(store, shape.query)
        )
        checks.append(_told(shape.id, shape.severity, found, listed))
    checks.append(_told("known-product", Severity.ERROR, _unknown_products(store), listed))
    pairs = ((each["narrow"], each["wide"]) for each in _solutions(store, BROADER_PAIRS))
    checks.append(_told("broader-cycle", Severity.ERROR, _cycles(pairs), listed))
    return ConstraintReport(len(store), tuple(checks))


def _told(name: str, severity: Severity, found: Iterable[str], listed: int) -> Check:
    violations = sorted(found)
    return Check(name, severity, len(violations), tuple(violations[:listed]))


def _solutions(store: pyoxigraph.Store, query: str) -> Iterator[dict[str, str]]:
    """The texts of each solution's IRIs and literals, by variable."""
    solutions = store.query(query, use_default_graph_as_union=True)
    assert isinstance(solutions, pyoxigraph.QuerySolutions)  # noqa: S101 - what a SELECT gives
    names = [variable.value for variable in solutions.variables]
    for solution in solutions:
        yield {name: solution[name].value for name in names}


def _unknown_products(store: pyoxigraph.Store) -> Iterator[str]:
    known = {each["product"] for each in _solutions(store, PRODUCTS)}
    mentioned = {each["product"] for query in MENTIONED for each in _solutions(store, query)}
    for product in mentioned - known:
        yield f"{_short(product)} is spoken of, but is no product of the catalogue"


def _cycles(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One cycle for each knot of nodes that are broader than each other, from its first node on."""
    import networkx

    graph = networkx.DiGraph(sorted(pairs))
    for knot in networkx.strongly_connected_components(graph):
        start = min(knot)
        if len(knot) > 1 or graph.has_edge(start, start):
            steps = [one for one, _ in networkx.find_cycle(graph.subgraph(sorted(knot)), start)]
            first = steps.index(min(steps))
            way = [*steps[first:], *steps[:first], steps[first]]
            yield f"broader goes in a circle: {' > '.join(_short(node) for node in way)}"


def _short(iri: str) -> str:
    """As a person reads it: `type:desk lamp` for `urn:cartograph:type:desk%20lamp`."""
    return unquote(iri.removeprefix(ROOT))
