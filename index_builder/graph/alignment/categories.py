"""Which ontologies hold categories of products, and which only lend names to what a catalogue says."""

from __future__ import annotations

from collections.abc import Sequence

from engine.text import normalise
from engine.types import EntityKind
from index_builder.graph.alignment.words import words_of
from index_builder.graph.draft import Draft
from index_builder.graph.lexicon import default_lexicon
from index_builder.graph.ontologies.ontology import Ontology

MIN_SHARE = 0.2
"""Of a catalogue's products, whose type has to be a concept by name, for its concepts to be categories. Of
the sample catalogue and its taxonomy it is .27, of electronics and schema.org .002.
"""
_SURE = 0.9


def names_types(draft: Draft, ontology: Ontology) -> bool:
    """Whether enough of the catalogue's product types are concepts by name to tie products to concepts."""
    names = {_key(name) for concept in ontology.concepts for name in concept.names()}
    known = {
        iri
        for iri in sorted({iri for iri in draft.types if iri})
        if any(sure >= _SURE and _key(name) in names for name, sure in draft.nodes[iri].names.items())
    }
    return sum(iri in known for iri in draft.types) >= max(1, MIN_SHARE * len(draft.types))


def only_categories(draft: Draft, ontology: Ontology) -> Ontology:
    """Without colours and materials, and what is narrower than they, which a SKOS file may hold as well; what
    the catalogue has as a type or category stays.
    """
    own = {
        _key(name)
        for node in draft.of_kind(EntityKind.CATEGORY)
        for name, sure in node.names.items()
        if sure >= _SURE
    }
    values = _value_names(draft) - own
    parents = ontology.parents()
    named = [not values.isdisjoint(_key(name) for name in concept.names()) for concept in ontology.concepts]
    own_named = [not own.isdisjoint(_key(name) for name in concept.names()) for concept in ontology.concepts]
    kept = [
        place
        for place in range(len(parents))
        if own_named[place] or not any(named[above] for above in ontology.path(place, parents))
    ]
    return _part_of(ontology, kept)


def _value_names(draft: Draft) -> set[tuple[str, ...]]:
    lexicon = default_lexicon()
    names = {*lexicon.colors, *lexicon.materials}
    for kind in (EntityKind.COLOR, EntityKind.MATERIAL):
        names.update(name for node in draft.of_kind(kind) for name in node.names)
    return {_key(name) for name in names}


def _part_of(ontology: Ontology, kept: Sequence[int]) -> Ontology:
    places = {place: new for new, place in enumerate(kept)}
    return Ontology(
        ontology.name,
        [ontology.concepts[place] for place in kept],
        [
            (places[one], places[other])
            for one, other in ontology.broader
            if one in places and other in places
        ],
        [(places[one], other) for one, other in ontology.exact if one in places],
    )


def _key(name: str) -> tuple[str, ...]:
    return words_of(normalise(name))
