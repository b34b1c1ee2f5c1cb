"""Puts an alignment into the graph: the taxonomy's categories that products were tied to, with all above
them, what they share with the shop's own types and values, and their Chinese names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.text import normalise
from engine.types import EntityKind, Product
from index_builder.graph.alignment.attributes import AttributeAlignment
from index_builder.graph.alignment.products import ProductAlignment
from index_builder.graph.alignment.words import paired_parts, parts_of, same_words
from index_builder.graph.draft import Draft, Edge, Node, Origin
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.taxonomy import ATTRIBUTE_IRI, VALUE_IRI, Taxonomy
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri, ontology_graph, slug

SPACE = "taxonomy"
MIN_CONFIDENCE = 0.5
"""Of the best category, for the product to be tied to it."""
MIN_TYPE_SHARE = 0.6
"""Of a type's products in (or below) a category, for the type to be tied to it."""
_NAME, _ABOVE, _BROADEST, _TAKEN, _PART = 0.8, 0.5, 0.4, 0.25, 0.6
"""Confidences of names: a category's with products, of one above, of the broadest; one that a type or
category of the catalogue answers to already; a part of a name."""
_CHINESE_OF_TYPE, _OTHER_NAME = 0.8, 0.7
_MIN_PRODUCTS = 2
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """How many products and types were tied to categories, how many categories and Chinese names came in."""

    products: int
    categories: int
    types: int
    values: int
    chinese_names: int


def apply_alignment(
    draft: Draft,
    products: Sequence[Product],
    taxonomy: Ontology,
    alignment: ProductAlignment,
    attributes: AttributeAlignment | None = None,
) -> AlignmentReport:
    """Adds nodes, edges and names to the draft; the catalogue's own statements stay as they are."""
    if len(alignment.categories) != len(products):
        raise ValueError("the alignment was made for other products")
    return _Applier(draft, taxonomy).run(alignment, attributes)


class _Applier:
    def __init__(self, draft: Draft, taxonomy: Ontology) -> None:
        self.draft = draft
        self.taxonomy = taxonomy
        self.parents = taxonomy.parents()
        self.graph = ontology_graph(taxonomy.name)
        self.taken = {
            name
            for node in draft.of_kind(EntityKind.CATEGORY)
            for name, confidence in node.names.items()
            if confidence >= _SURE
        }
        self.nodes: dict[int, Node] = {}
        self.chinese = 0

    def run(self, alignment: ProductAlignment, attributes: AttributeAlignment | None) -> AlignmentReport:
        tied = self._tie_products(alignment)
        for place in sorted(self.nodes):
            self._name(place)
        types = self._tie_types(tied)
        values = 0
        if attributes is not None and isinstance(self.taxonomy, Taxonomy):
            values = self._tie_attributes(self.taxonomy, attributes)
        return AlignmentReport(len(tied), len(self.nodes), types, values, self.chinese)

    def _tie_products(self, alignment: ProductAlignment) -> dict[int, int]:
        tied = {}
        best = zip(alignment.categories[:, 0].tolist(), alignment.confidence[:, 0].tolist(), strict=True)
        for row, (place, confidence) in enumerate(best):
            if place >= 0 and confidence >= MIN_CONFIDENCE:
                node = self._node(place)
                node.rows.append(row)
                node.origins[row] = Origin(SourceGraph.ALIGNMENT, confidence)
                tied[row] = place
        return tied

    def _node(self, place: int) -> Node:
        """The category's node, made with all above it when new."""
        if place not in self.nodes:
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
            node.spellings[concept.label] += 1
            self.nodes[place] = node
            self.draft.edges.add(Edge(node.iri, Term.EXACT_MATCH, concept.iri, self.graph))
            for above in self.parents[place]:
                self.draft.edges.add(Edge(node.iri, Term.BROADER, self._node(above).iri, self.graph))
        return self.nodes[place]

    def _name(self, place: int) -> None:
        concept, node = self.taxonomy.concepts[place], self.nodes[place]
        confidence = _NAME if node.rows else _ABOVE
        if not self.parents[place]:
            confidence = min(confidence, _BROADEST)
        self._answer(node, concept.label, confidence)
        for name in concept.names():
            self._answer(node, name, confidence)
        if node.rows:
            for part in parts_of(concept.label):
                self._answer(node, part, min(confidence, _PART))
        self.chinese += bool(concept.chinese)

    def _answer(self, node: Node, name: str, confidence: float) -> None:
        node.answer_to(name, _TAKEN if normalise(name) in self.taken else confidence)

    def _tie_types(self, tied: Mapping[int, int]) -> int:
        """A type whose products are of one category is that category if the names say so, else narrower."""
        count = 0
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, iri in enumerate(self.draft.types):
            if iri:
                rows[iri].append(row)
        for iri in sorted(rows):
            shares = Counter(tied[row] for row in rows[iri] if row in tied)
            if not shares:
                continue
            place, agreeing = min(shares.items(), key=lambda item: (-item[1], item[0]))
            share = agreeing / len(rows[iri])
            if agreeing >= min(_MIN_PRODUCTS, len(rows[iri])) and share >= MIN_TYPE_SHARE:
                self._tie_type(self.draft.nodes[iri], place, share)
                count += 1
        return count

    def _tie_type(self, node: Node, place: int, share: float) -> None:
        concept, category = self.taxonomy.concepts[place], self.nodes[place]
        names = sorted(name for name, sure in node.names.items() if sure >= _SURE)
        if any(same_words(name, other) for name in names for other in concept.names()):
            for one, two in ((node, category), (category, node)):
                edge = Edge(one.iri, Term.EXACT_MATCH, two.iri, SourceGraph.ALIGNMENT, share)
                self.draft.edges.add(edge)
            self._chinese(node, concept.chinese)
            return
        self.draft.edges.add(Edge(node.iri, Term.BROADER, category.iri, SourceGraph.ALIGNMENT, share))
        for english, chinese in paired_parts(concept.label, concept.chinese).items():
            if any(same_words(name, english) for name in names):
                self._chinese(node, chinese)

    @staticmethod
    def _chinese(node: Node, name: str) -> None:
        """A slash stands between Chinese names of the same thing."""
        for each in name.split("/"):
            node.answer_to(each, _CHINESE_OF_TYPE)

    def _tie_attributes(self, taxonomy: Taxonomy, attributes: AttributeAlignment) -> int:
        graph = SourceGraph.ALIGNMENT
        for key, match in sorted(attributes.keys.items()):
            theirs = ATTRIBUTE_IRI + slug(taxonomy.attributes[match.place].id)
            ours = node_iri("attribute", key)
            self.draft.edges.add(Edge(ours, Term.EXACT_MATCH, theirs, graph, match.confidence))
        for iri, match in sorted(attributes.values.items()):
            value = taxonomy.values[match.place]
            theirs = VALUE_IRI + slug(value.id)
            self.draft.edges.add(Edge(iri, Term.EXACT_MATCH, theirs, graph, match.confidence))
            self.draft.nodes[iri].answer_to(value.name, _OTHER_NAME * match.confidence)
        return len(attributes.values)
