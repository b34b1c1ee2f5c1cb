"""Finds entities and names that serve no search, and drops them."""

from __future__ import annotations

from collections.abc import Callable

from engine.text import normalise, singular, tokens
from engine.types import EntityKind
from index_builder.graph.draft import Draft, Node
from index_builder.graph.upkeep.lineage import Lineage
from index_builder.graph.upkeep.saving import Saving
from index_builder.graph.vocabulary import ROOT, SourceGraph, Term

UNSURE = 0.5
"""A guessed entity of one product is dropped below this confidence."""
_GUESSES = frozenset(
    {
        SourceGraph.GAZETTEER,
        SourceGraph.QUANTITIES,
        SourceGraph.TAGGER,
        SourceGraph.TEXT_RELATIONS,
        SourceGraph.PREDICTION,
    }
)
_PRODUCTS = f"{ROOT}product:"


def drop_guessed(draft: Draft, lineage: Lineage) -> Saving:
    """Entities that only text or a prediction knows, of one product at most, and not surely; those above
    another entity stay.
    """
    parents = {parent for iri in draft.nodes for parent in lineage.parents(iri)}

    def is_poor(node: Node) -> bool:
        if len(node.rows) != 1 or node.iri in parents:
            return False
        origins = node.origins_of(node.rows[0])
        return all(each.source in _GUESSES for each in origins) and origins[0].confidence < UNSURE

    return _remove(draft, is_poor)


def drop_empty(draft: Draft, lineage: Lineage) -> Saving:
    """Entities that no product hangs on, neither at nor below them, and that nothing ties to one that has
    products: what fusion or resolution left behind.
    """
    alive = {node.iri for node in draft.nodes.values() if node.rows}
    alive |= {parent for iri in alive for parent in lineage.above(iri)}
    tied = set()
    for edge in draft.edges:
        if edge.predicate is not Term.BROADER:
            for one, two in ((edge.subject, edge.object), (edge.object, edge.subject)):
                if two in alive or two.startswith(_PRODUCTS):
                    tied.add(one)
    return _remove(draft, lambda node: node.iri not in alive and node.iri not in tied)


def drop_single_values(draft: Draft) -> Saving:
    """Attribute values of one product that no edge touches: words find that product as well."""
    touched = {iri for edge in draft.edges for iri in (edge.subject, edge.object)}

    def is_single(node: Node) -> bool:
        value = node.kind is EntityKind.ATTRIBUTE_VALUE
        return value and len(node.rows) <= 1 and node.iri not in touched

    return _remove(draft, is_single)


def drop_names(draft: Draft) -> Saving:
    """Names whose words are, in the singular, those of a surer name of the same entity; of equally sure ones
    the label stays, then the first. The linker reads them alike.
    """
    dropped = 0
    for node in draft.nodes.values():
        if len(node.names) > 1:
            label = normalise(node.label)
            ranked = sorted((-confidence, name != label, name) for name, confidence in node.names.items())
            kept: dict[str, tuple[str, float]] = {}
            for doubt, _, name in ranked:
                kept.setdefault(" ".join(singular(word) for word in tokens(name)) or name, (name, -doubt))
            dropped += len(node.names) - len(kept)
            node.names = dict(kept.values())
    return Saving(names=dropped)


def _remove(draft: Draft, is_poor: Callable[[Node], bool]) -> Saving:
    """Nodes with their names, edges, statements and evidence; a product's type stays its type."""
    types = set(draft.types)
    poor = {node.iri: node for node in draft.nodes.values() if node.iri not in types and is_poor(node)}
    if not poor:
        return Saving()
    edges = {edge for edge in draft.edges if edge.subject in poor or edge.object in poor}
    draft.edges -= edges
    for iri in poor:
        del draft.nodes[iri]
    draft.evidence[:] = [each for each in draft.evidence if each.entity not in poor]
    return Saving(
        len(edges) + sum(len(node.rows) for node in poor.values()),
        len(poor),
        sum(len(node.names) for node in poor.values()),
    )
