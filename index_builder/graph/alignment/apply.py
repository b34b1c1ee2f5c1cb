"""Puts an alignment of products into the graph: the taxonomy's categories that products were tied to, with
all above them, what they share with the shop's own types, and their names, Chinese ones among them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from engine.text import normalise
from engine.types import EntityKind
from index_builder.graph.alignment.products import ProductAlignment
from index_builder.graph.alignment.words import paired_parts, parts_of, same_words, words_of
from index_builder.graph.draft import Draft, Edge, Node, Origin
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.graph.ontologies.taxonomy import Taxonomy
from index_builder.graph.vocabulary import SourceGraph, Term, ontology_graph

SPACE = "taxonomy"
MIN_CONFIDENCE = 0.5
"""Of the best category, for the product to be tied to it."""
MIN_TYPE_SHARE = 0.6
"""Of a type's products in a category, for the type to be tied to it."""
_NAME, _ABOVE, _BROADEST, _TAKEN, _PART = 0.8, 0.5, 0.4, 0.25, 0.6
"""Confidences of names: a category's with products, of one above, of the broadest; one that a type or
category of the catalogue answers to already; a part of a name.
"""
MIN_SHARE_AGAINST_NAME = 0.9
"""The same, where the type has the name of another category."""
_LENT = 0.8
_MIN_PRODUCTS = 2
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class CategoryReport:
    """How many products were tied, to how many categories (those above included); how many types; how many
    of the categories brought a Chinese name.
    """

    products: int
    categories: int
    types: int
    chinese_names: int


def apply_alignment(draft: Draft, taxonomy: Ontology, alignment: ProductAlignment) -> CategoryReport:
    """Adds nodes, edges and names to the draft; the catalogue's own statements stay as they are. Raises
    ValueError for an alignment of other products.
    """
    if len(alignment.categories) != len(draft.types):
        raise ValueError("the alignment was made for other products")
    return _Applier(draft, taxonomy).run(alignment)


class _Applier:
    def __init__(self, draft: Draft, taxonomy: Ontology) -> None:
        self.draft = draft
        self.taxonomy = taxonomy
        self.parents = taxonomy.parents()
        self.graph = ontology_graph(taxonomy.name)
        self.own = draft.of_kind(EntityKind.CATEGORY)
        self.nodes: dict[int, Node] = {}
        self.named: defaultdict[frozenset[str], set[int]] = defaultdict(set)
        for place, concept in enumerate(taxonomy.concepts):
            for name in concept.names():
                for part in (name, *parts_of(name)):
                    self.named[frozenset(words_of(part))].add(place)

    def run(self, alignment: ProductAlignment) -> CategoryReport:
        tied = self._tie_products(alignment)
        types = self._tie_types(tied)
        taken = {name for node in self.own for name, sure in node.names.items() if sure >= _LENT}
        for place in sorted(self.nodes):
            self._name(place, taken)
        chinese = sum(bool(self.taxonomy.concepts[place].chinese) for place in self.nodes)
        return CategoryReport(len(tied), len(self.nodes), types, chinese)

    def _tie_products(self, alignment: ProductAlignment) -> dict[int, int]:
        tied = {}
        best = zip(alignment.categories[:, 0].tolist(), alignment.confidence[:, 0].tolist(), strict=True)
        for row, (place, confidence) in enumerate(best):
            if place >= 0 and confidence >= MIN_CONFIDENCE:
                self._node(place).hang(row, Origin(SourceGraph.ALIGNMENT, confidence))
                tied[row] = place
        return tied

    def _node(self, place: int) -> Node:
        """The category's node, made with all above it when new."""
        waiting = [place]
        while waiting:
            each = waiting.pop()
            if each not in self.nodes:
                self.nodes[each] = self._made(each)
                waiting += self.parents[each]
                for above in self.parents[each]:
                    edge = Edge(self.nodes[each].iri, Term.BROADER, self._made(above).iri, self.graph)
                    self.draft.edges.add(edge)
        return self.nodes[place]

    def _made(self, place: int) -> Node:
        concept = self.taxonomy.concepts[place]
        name = self.taxonomy.ids[place] if isinstance(self.taxonomy, Taxonomy) else concept.iri
        node = self.draft.node(
            EntityKind.CATEGORY,
            self.taxonomy.name,
            name,
            space=SPACE,
            relation="category",
            predicate=Term.CATEGORY,
        )
        node.source = self.graph
        node.spellings[concept.label] = 1
        self.draft.edges.add(Edge(node.iri, Term.EXACT_MATCH, concept.iri, self.graph))
        return node

    def _tie_types(self, tied: Mapping[int, int]) -> int:
        """A type whose products are of one category is that category if the names say so, else narrower."""
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, iri in enumerate(self.draft.types):
            if iri:
                rows[iri].append(row)
        count = 0
        for iri in sorted(rows):
            shares = Counter(tied[row] for row in rows[iri] if row in tied)
            if not shares:
                continue
            place, agreeing = min(shares.items(), key=lambda item: (-item[1], item[0]))
            share = agreeing / len(rows[iri])
            needed = (
                MIN_SHARE_AGAINST_NAME if self._is_another(self.draft.nodes[iri], place) else MIN_TYPE_SHARE
            )
            if agreeing >= min(_MIN_PRODUCTS, len(rows[iri])) and share >= needed:
                self._tie_type(self.draft.nodes[iri], place, share)
                count += 1
        return count

    def _is_another(self, node: Node, place: int) -> bool:
        """Whether the type has the name of another category that is not above this one: nearly all of a
        shop's "cartridges" may hold toner, but if just most of its "projectors" are mounts, they are mixed.
        """
        above = set(self.taxonomy.path(place, self.parents))
        names = (name for name, sure in sorted(node.names.items()) if sure >= _SURE)
        places: set[int] = set().union(*(self.named[frozenset(words_of(name))] for name in names))
        return bool(places) and place not in places and places.isdisjoint(above)

    def _tie_type(self, node: Node, place: int, share: float) -> None:
        concept, category = self.taxonomy.concepts[place], self.nodes[place]
        names = sorted(name for name, sure in node.names.items() if sure >= _SURE)
        if any(same_words(name, other) for name in names for other in concept.names()):
            for one, two in ((node, category), (category, node)):
                edge = Edge(one.iri, Term.EXACT_MATCH, two.iri, SourceGraph.ALIGNMENT, share)
                self.draft.edges.add(edge)
            for name in concept.names():
                _lend(node, name)
            return
        self.draft.edges.add(Edge(node.iri, Term.BROADER, category.iri, SourceGraph.ALIGNMENT, share))
        for english, chinese in paired_parts(concept.label, concept.chinese).items():
            if any(same_words(name, english) for name in names):
                _lend(node, chinese)

    def _name(self, place: int, taken: set[str]) -> None:
        concept, node = self.taxonomy.concepts[place], self.nodes[place]
        for name, confidence in self._names(concept, place, bool(node.rows)):
            node.answer_to(name, _TAKEN if normalise(name) in taken else confidence)

    def _names(self, concept: Concept, place: int, stated: bool) -> list[tuple[str, float]]:
        """(name, how sure). Parts of a name are names only of categories that products are tied to, and only
        where no other category has them: "organizers" are of many kinds.
        """
        sure = _NAME if stated else _ABOVE
        if not self.parents[place]:
            sure = min(sure, _BROADEST)
        found = [(name, sure if self._alone(name) else min(sure, _ABOVE)) for name in concept.names()]
        parts = (part for name in concept.names() for part in parts_of(name) if stated and self._alone(part))
        return [*found, *((part, min(sure, _PART)) for part in parts)]

    def _alone(self, name: str) -> bool:
        return len(self.named[frozenset(words_of(name))]) == 1


def _lend(node: Node, name: str) -> None:
    """A slash stands between Chinese names of the same thing."""
    for each in name.split("/"):
        node.answer_to(each, _LENT)
