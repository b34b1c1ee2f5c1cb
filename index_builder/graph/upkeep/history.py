"""The runs that a store has behind it: for each a PROV activity in a named graph of its own, the last few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Quad

from index_builder.graph.vocabulary import PROV, RDF_TYPE, RDFS_LABEL, ROOT, Term, node_iri

MAX_RUNS = 20
"""Runs told by a store; the oldest is forgotten first."""
RUN = f"{ROOT}run:"
_NUMBER = NamedNode(f"{ROOT}runNumber")


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """`number` counts from 1; `graph` is the IRI of the run and of the named graph that tells it."""

    number: int
    graph: str
    label: str


def runs_of(store: pyoxigraph.Store) -> list[Run]:
    """Oldest first."""
    label = NamedNode(RDFS_LABEL)
    found = []
    for quad in store.quads_for_pattern(None, _NUMBER, None):
        run, number = quad.subject, quad.object
        if isinstance(run, NamedNode) and isinstance(number, Literal):
            said = [each.object for each in store.quads_for_pattern(run, label, None)]
            text = "; ".join(each.value for each in said if isinstance(each, Literal))
            found.append(Run(int(number.value), run.value, text))
    return sorted(found)


def told(run: Run, used: str) -> list[Quad]:
    """The statements about a run; `used` is the id of the generation that it started from."""
    this = NamedNode(run.graph)
    return [
        Quad(this, NamedNode(RDF_TYPE), NamedNode(Term.ACTIVITY), this),
        Quad(this, NamedNode(f"{PROV}used"), NamedNode(node_iri("generation", used)), this),
        Quad(this, NamedNode(RDFS_LABEL), Literal(run.label), this),
        Quad(this, _NUMBER, Literal(str(run.number)), this),
    ]


def kept_quads(store: pyoxigraph.Store) -> Iterator[Quad]:
    """What a store tells of its runs, without the oldest where there are too many to take one more."""
    for run in runs_of(store)[-(MAX_RUNS - 1) :]:
        yield from store.quads_for_pattern(None, None, None, NamedNode(run.graph))


def forget_oldest(store: pyoxigraph.Store) -> None:
    """Keep the last `MAX_RUNS`."""
    for run in runs_of(store)[:-MAX_RUNS]:
        store.remove_graph(NamedNode(run.graph))
