"""Puts into the graph which attributes and values of a taxonomy the catalogue's own are."""

from __future__ import annotations

from index_builder.graph.alignment.attributes import AttributeAlignment
from index_builder.graph.draft import Draft, Edge
from index_builder.graph.ontologies.taxonomy import ATTRIBUTE_IRI, VALUE_IRI, Taxonomy
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri, slug

_LENT = 0.7


def apply_attributes(draft: Draft, taxonomy: Taxonomy, attributes: AttributeAlignment) -> None:
    """Keys and values are tied to the taxonomy's; a value answers to the taxonomy's name for it, too."""
    for key, match in sorted(attributes.keys.items()):
        theirs = ATTRIBUTE_IRI + slug(taxonomy.attributes[match.place].id)
        ours = node_iri("attribute", key)
        draft.edges.add(Edge(ours, Term.EXACT_MATCH, theirs, SourceGraph.ALIGNMENT, match.confidence))
    for iri, match in sorted(attributes.values.items()):
        value = taxonomy.values[match.place]
        theirs = VALUE_IRI + slug(value.id)
        draft.edges.add(Edge(iri, Term.EXACT_MATCH, theirs, SourceGraph.ALIGNMENT, match.confidence))
        draft.nodes[iri].answer_to(value.name, _LENT * match.confidence)
