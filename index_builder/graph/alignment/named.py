"""Ties products to concepts by name alone: for a shop's own SKOS file, which need not have a category for
every product, so that the likeliest of its categories may be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.types import Product
from index_builder.graph.alignment.products import BEST, ProductAlignment
from index_builder.graph.alignment.words import parts_of, words_of
from index_builder.graph.draft import Draft
from index_builder.graph.ontologies.ontology import Ontology

SAME, NARROWER, SAID = 0.95, 0.85, 0.7
"""How sure a tie is where the product's type is the concept by name, where the concept's name is within the
type's, and where the title has to say the rest of it. Set by hand, not measured.
"""
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class _Name:
    """The words of one name and the last of them, which says what a thing is: a photo printer is a printer, a
    printer cable is not. Chinese names, too, end in what the thing is.
    """

    words: frozenset[str]
    head: str


def align_by_name(products: Sequence[Product], draft: Draft, ontology: Ontology) -> ProductAlignment:
    """At most three concepts for each product, those whose names say most first: a product of the type "lamp"
    with "table lamp" in its title is a table lamp, then a lamp. None for a product without a type.
    """
    concepts = _Concepts(ontology)
    categories = np.full((len(products), BEST), -1, np.int32)
    confidence = np.zeros((len(products), BEST), np.float32)
    types = {
        iri: [
            name
            for text, sure in sorted(draft.nodes[iri].names.items())
            if sure >= _SURE
            for name in _read(text)
        ]
        for iri in {iri for iri in draft.types if iri}
    }
    for row, iri in enumerate(draft.types):
        if iri:
            best = concepts.of(types[iri], frozenset(words_of(products[row].title)))
            for rank, (place, sure) in enumerate(best[:BEST]):
                categories[row, rank], confidence[row, rank] = place, sure
    return ProductAlignment(categories, confidence)


class _Concepts:
    def __init__(self, ontology: Ontology) -> None:
        parents = ontology.parents()
        self._depths = [len(ontology.path(place, parents)) for place in range(len(parents))]
        self._by_head: dict[str, list[tuple[_Name, int]]] = {}
        for place, concept in enumerate(ontology.concepts):
            for text in concept.names():
                for part in (text, *parts_of(text)):
                    for name in _read(part):
                        self._by_head.setdefault(name.head, []).append((name, place))

    def of(self, names: Sequence[_Name], title: frozenset[str]) -> list[tuple[int, float]]:
        """(concept, confidence), the most words first, then the surest, then the narrowest, then in order."""
        found: dict[int, tuple[int, float]] = {}
        for own in names:
            for name, place in self._by_head.get(own.head, ()):
                sure = _sure(own, name, title)
                if sure:
                    found[place] = max(found.get(place, (0, 0.0)), (len(name.words), sure))
        ordered = sorted(
            found, key=lambda place: (-found[place][0], -found[place][1], -self._depths[place], place)
        )
        return [(place, found[place][1]) for place in ordered]


def _sure(own: _Name, concept: _Name, title: frozenset[str]) -> float:
    if own.words == concept.words:
        return SAME
    if concept.words < own.words:
        return NARROWER
    return SAID if concept.words <= own.words | title else 0.0


def _read(text: str) -> Iterator[_Name]:
    words = words_of(text)
    if words:
        yield _Name(frozenset(words), words[-1])
