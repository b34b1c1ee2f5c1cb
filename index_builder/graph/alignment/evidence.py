"""What speaks for a product being of a category: its type's name, its title, its attribute keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.text import has_cjk, normalise
from engine.types import FloatArray, Product
from index_builder.graph.alignment.votes import Neighbours, key_vectors, telling_keys
from index_builder.graph.alignment.words import NameIndex, parts_of
from index_builder.graph.attributes import key_phrase
from index_builder.graph.draft import Draft, Node
from index_builder.graph.ontologies.ontology import Ontology

Embed = Callable[[Sequence[str]], FloatArray]

TITLE, SMOOTH_TITLE, TYPE_MEANING, TYPE_WORDS, TITLE_WORDS, KEYS, ATTRIBUTES, OTHER_THING = (
    9,
    5,
    4,
    5,
    8,
    6,
    3,
    1,
)
"""How much each kind of evidence counts, in units of the logarithm of odds."""
OWN_TYPE = 0.7
"""Share of a product's own type where its neighbours' types have a say, too."""
_UNHEARD = 0.1
_SAME = 0.75
_INHERITED = 0.85


@dataclass(frozen=True, slots=True)
class TypeNames:
    """Names of the product types of a catalogue. `places[row]` is the product's own, -1 for none."""

    names: list[tuple[str, ...]]
    iris: list[str]
    places: NDArray[np.int64]


def type_names(draft: Draft) -> TypeNames:
    iris = sorted({iri for iri in draft.types if iri})
    places = {iri: place for place, iri in enumerate(iris)}
    names = [_names(draft.nodes[iri]) for iri in iris]
    return TypeNames(
        names, iris, np.array([places.get(iri, -1) for iri in draft.types], np.int64).reshape(-1)
    )


def _names(node: Node) -> tuple[str, ...]:
    """How the catalogue writes it first, then the others, the surest first."""
    others = sorted(node.names, key=lambda name: (-node.names[name], name))
    return tuple(dict.fromkeys([normalise(node.label), *others]))


@dataclass(frozen=True, slots=True)
class ConceptTexts:
    """What the encoder reads of concepts: each name, and each part of a name, before the broader one's name.
    Texts `[starts[i], starts[i + 1])` are concept i's.
    """

    texts: list[str]
    starts: NDArray[np.int64]

    def best(self, scores: FloatArray) -> FloatArray:
        """From scores (m, texts) those of the concepts (m, concepts): the greatest of each one's texts."""
        return np.asarray(np.maximum.reduceat(scores, self.starts, axis=1), np.float32)


def concept_texts(ontology: Ontology) -> ConceptTexts:
    parents = ontology.parents()
    texts: list[str] = []
    starts = []
    for place, concept in enumerate(ontology.concepts):
        starts.append(len(texts))
        above = f", {ontology.concepts[parents[place][0]].label}" if parents[place] else ""
        texts += [f"{name}{above}" for name in (concept.label, *parts_of(concept.label))]
    return ConceptTexts(texts, np.array(starts, np.int64))


class TypeEvidence:
    """Float32 (types, concepts): how well the type's names and the concepts' agree, in words and meaning."""

    def __init__(self, types: TypeNames, ontology: Ontology, index: NameIndex, embed: Embed | None) -> None:
        parents = ontology.parents()
        words = np.zeros((len(types.names), len(ontology.concepts)), np.float32)
        for place, names in enumerate(types.names):
            for name in names:
                for concept, score in index.matches(name).items():
                    words[place, concept] = max(words[place, concept], score)
        self.words = words
        order = sorted(range(len(parents)), key=lambda place: len(ontology.path(place, parents)))
        inherited = words.copy()
        for place in order:
            if parents[place]:
                above = inherited[:, parents[place][0]]
                above = np.where(above >= _SAME, above * np.float32(_INHERITED), np.float32(0))
                inherited[:, place] = np.maximum(inherited[:, place], above)
        self.meaning = self._meaning(types, index, embed, words.shape)
        scores = TYPE_WORDS * inherited + TYPE_MEANING * self.meaning
        self.scores: FloatArray = scores - scores.max(axis=1, keepdims=True, initial=-np.inf)

    @staticmethod
    def _meaning(
        types: TypeNames, index: NameIndex, embed: Embed | None, shape: tuple[int, int]
    ) -> FloatArray:
        """The greatest cosine of the type's first name and the names of a concept."""
        if embed is None or not types.names:
            return np.zeros(shape, np.float32)
        variants = [variant for variant in index.variants if not has_cjk(variant.text)]
        texts = sorted({variant.text for variant in variants})
        places = {text: place for place, text in enumerate(texts)}
        latin = [next((name for name in names if not has_cjk(name)), names[0]) for names in types.names]
        cosines = np.asarray(embed(latin), np.float32) @ np.asarray(embed(texts), np.float32).T
        found = np.full(shape, -1, np.float32)
        for variant in variants:
            column = cosines[:, places[variant.text]] * np.float32(variant.sure)
            found[:, variant.concept] = np.maximum(found[:, variant.concept], column)
        return found


def spread_types(types: TypeNames, neighbours: Neighbours | None) -> FloatArray:
    """Float32 (products, types): the product's own type, and its neighbours' with less weight; those of the
    neighbours alone where it has none.
    """
    own = np.zeros((len(types.places), len(types.names)), np.float32)
    typed = np.flatnonzero(types.places >= 0)
    own[typed, types.places[typed]] = 1
    if neighbours is None:
        return own
    spread = np.zeros_like(own)
    for place in range(neighbours.rows.shape[1]):
        other = types.places[neighbours.rows[:, place]]
        known = np.flatnonzero(other >= 0)
        np.add.at(spread, (known, other[known]), neighbours.weights[known, place])
    heard = spread.sum(1, keepdims=True)
    spread /= heard + np.float32(_UNHEARD)
    share = np.where(types.places >= 0, np.float32(OWN_TYPE), np.float32(0))[:, None]
    return np.asarray(share * own + (1 - share) * spread, np.float32)


def key_meanings(products: Sequence[Product], embed: Embed) -> FloatArray:
    """Float32 (n, d): the mean of what a product's telling attribute keys mean, less what all keys mean."""
    keys = telling_keys(products)
    if not keys:
        return np.zeros((len(products), 1), np.float32)
    basis = np.asarray(embed([key_phrase(key) or key for key in keys]), np.float32)
    found = key_vectors(products, keys, basis)
    return np.asarray(found - found.mean(0), np.float32)
