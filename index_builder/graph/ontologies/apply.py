"""Merges any ontology into the graph: concepts lend the nodes that bear their names further names, Chinese
among them, and the broader concepts above them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from engine.text import normalise, singular
from engine.types import EntityKind
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.vocabulary import SourceGraph, Term, ontology_graph

SPACE = "concept"
MAX_STEPS = 3
"""Broader concepts taken in above a node, at most."""
_ALIAS, _ABOVE = 0.85, 0.5
_SURE = 0.9
VALUE_KINDS = (EntityKind.COLOR, EntityKind.MATERIAL, EntityKind.ATTRIBUTE_VALUE)
ALL_KINDS = (EntityKind.CATEGORY, *VALUE_KINDS)
_SAYS_NOTHING = 0.5
_BY_CHANCE = 0.2
"""Share of an attribute's values that have to be concepts for any of them to be one."""
_MANY = 50
"""A concept above more than this share of an ontology of many ("Thing") tells nothing of what is below."""


@dataclass(frozen=True, slots=True)
class MergeReport:
    """How many nodes bear the name of a concept; names, broader nodes and broader edges that came in."""

    nodes: int
    names: int
    broader_nodes: int
    broader_edges: int


def apply_ontology(draft: Draft, ontology: Ontology, kinds: Sequence[EntityKind] = ALL_KINDS) -> MergeReport:
    """A node of one of the `kinds` is a concept's when one of its sure names is one of the concept's, in
    singular or plural. Statements stand in the ontology's own named graph; the match itself is an alignment.
    """
    return _Merger(draft, ontology, kinds).run()


class _Merger:
    def __init__(self, draft: Draft, ontology: Ontology, kinds: Sequence[EntityKind]) -> None:
        self.draft = draft
        self.kinds = frozenset(kinds)
        self.ontology = ontology
        self.graph = ontology_graph(ontology.name)
        self.parents = ontology.parents()
        self.empty = _empty(self.parents)
        self.places = {_key(name): place for name, place in reversed(ontology.by_name().items())}
        self.above: defaultdict[str, set[str]] = defaultdict(set)
        for edge in draft.edges:
            if edge.predicate is Term.BROADER:
                self.above[edge.subject].add(edge.object)
        self.nodes: dict[tuple[int, EntityKind, str], Node] = {}
        self.names = self.made = self.edges = 0

    def run(self) -> MergeReport:
        matched = self._matched()
        for node, place in matched:
            self._same(node, place)
        for node, place in matched:
            self._lend_names(node, place)
            self._climb(node, place, MAX_STEPS)
        return MergeReport(len(matched), self.names, self.made, self.edges)

    def _matched(self) -> list[tuple[Node, int]]:
        """Nodes and the concepts they are. One value of an attribute of many that is a concept by name is so
        by chance: a table may be a part of a web page to a vocabulary, and where a lamp stands to a shop.
        """
        nodes = sorted(self.draft.nodes.values(), key=lambda node: node.iri)
        found = [(node, place) for node in nodes if (place := self._place(node)) is not None]
        values = Counter(node.attribute for node in nodes if node.kind is EntityKind.ATTRIBUTE_VALUE)
        named = Counter(node.attribute for node, _ in found if node.kind is EntityKind.ATTRIBUTE_VALUE)
        return [
            (node, place)
            for node, place in found
            if node.kind is not EntityKind.ATTRIBUTE_VALUE
            or named[node.attribute] >= _BY_CHANCE * values[node.attribute]
        ]

    def _place(self, node: Node) -> int | None:
        if node.kind not in self.kinds:
            return None
        names = sorted((-sure, name) for name, sure in node.names.items() if sure >= _SURE)
        return next((self.places[_key(name)] for _, name in names if _key(name) in self.places), None)

    def _same(self, node: Node, place: int) -> None:
        """Two nodes of one concept are the same thing; the first stands for it."""
        iri = self.ontology.concepts[place].iri
        self.draft.edges.add(Edge(node.iri, Term.EXACT_MATCH, iri, SourceGraph.ALIGNMENT, _SURE))
        first = self.nodes.setdefault(_slot(node, place), node)
        if first is not node:
            for one, two in ((first, node), (node, first)):
                self.draft.edges.add(Edge(one.iri, Term.EXACT_MATCH, two.iri, SourceGraph.ALIGNMENT, _SURE))

    def _lend_names(self, node: Node, place: int) -> None:
        before = len(node.names)
        known = {_key(name) for name in node.names}
        for name in self.ontology.concepts[place].names():
            if _key(name) not in known:
                node.answer_to(name, _ALIAS)
        self.names += len(node.names) - before

    def _climb(self, node: Node, place: int, steps: int) -> None:
        if not steps:
            return
        for above in self.parents[place]:
            if above in self.empty:
                continue
            broader = self._broader(node, above)
            if broader is node or self._reaches(broader.iri, node.iri):
                continue
            if broader.iri not in self.above[node.iri]:
                self.above[node.iri].add(broader.iri)
                self.draft.edges.add(Edge(node.iri, Term.BROADER, broader.iri, self.graph))
                self.edges += 1
            self._climb(broader, above, steps - 1)

    def _broader(self, node: Node, place: int) -> Node:
        """The node of a broader concept, of the same kind; made when no node bears its name."""
        known = self.nodes.get(_slot(node, place))
        if known is not None:
            return known
        concept = self.ontology.concepts[place]
        made = self.draft.node(
            node.kind,
            self.ontology.name,
            *((node.attribute,) if node.kind is EntityKind.ATTRIBUTE_VALUE else ()),
            concept.iri,
            space=SPACE,
            relation="category" if node.kind is EntityKind.CATEGORY else node.relation,
            predicate=node.predicate,
            attribute="" if node.kind is EntityKind.CATEGORY else node.attribute,
        )
        made.source = self.graph
        made.spellings[concept.label] += 1
        for name in concept.names():
            made.answer_to(name, _ABOVE)
        self.draft.edges.add(Edge(made.iri, Term.EXACT_MATCH, concept.iri, self.graph))
        self.nodes[_slot(node, place)] = made
        self.made += 1
        return made

    def _reaches(self, start: str, goal: str) -> bool:
        """Whether `goal` is broader than `start`, or `start` itself."""
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            if here == goal:
                return True
            for above in self.above[here] - seen:
                seen.add(above)
                waiting.append(above)
        return False


def _empty(parents: Sequence[Sequence[int]]) -> frozenset[int]:
    """Concepts above so many others that being below them says nothing."""
    if len(parents) < _MANY:
        return frozenset()
    below = Counter(above for place in range(len(parents)) for above in _all_above(place, parents))
    return frozenset(place for place, count in below.items() if count > _SAYS_NOTHING * len(parents))


def _all_above(place: int, parents: Sequence[Sequence[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [place]
    while waiting:
        for above in parents[waiting.pop()]:
            if above not in found:
                found.add(above)
                waiting.append(above)
    return found


def _slot(node: Node, place: int) -> tuple[int, EntityKind, str]:
    return place, node.kind, node.attribute if node.kind is EntityKind.ATTRIBUTE_VALUE else ""


def _key(name: str) -> str:
    return " ".join(singular(word) for word in normalise(name).split())
