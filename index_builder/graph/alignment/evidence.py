"""What a product's type says of its category, in words and in meaning, and how much each kind of evidence
counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from engine.text import has_cjk, normalise
from engine.types import FloatArray
from index_builder.graph.alignment.meanings import Meanings
from index_builder.graph.alignment.votes import Neighbours
from index_builder.graph.alignment.words import NameIndex
from index_builder.graph.draft import Draft, Node
from index_builder.graph.ontologies.ontology import Ontology

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
TYPE_WORDS_ALONE = 14
"""Where no encoder reads types and titles."""
TYPE_TRUST = 0.8
_HALF_TRUSTED = 2.0
"""How much a type's name counts in the best case, and how far off it is, in units of evidence, to count half
of that.
"""
OWN_TYPE = 0.7
"""Share of a product's own type where its neighbours' types have a say, too."""
_UNHEARD = 0.1
_TOLD = 0.5
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


class TypeEvidence:
    """`scores` float32 (types, concepts): how well the type's names and the concepts' agree, in words and
    meaning. `told[type]` says whether words alone tell a concept.
    """

    def __init__(
        self, types: TypeNames, ontology: Ontology, index: NameIndex, meanings: Meanings | None
    ) -> None:
        parents = ontology.parents()
        words = np.zeros((len(types.names), len(ontology.concepts)), np.float32)
        for place, names in enumerate(types.names):
            for name in names:
                for concept, score in index.matches(name).items():
                    words[place, concept] = max(words[place, concept], score)
        self.told: NDArray[np.bool_] = words.max(axis=1, initial=0) >= _TOLD
        order = sorted(range(len(parents)), key=lambda place: len(ontology.path(place, parents)))
        inherited = words.copy()
        for place in order:
            if parents[place]:
                above = inherited[:, parents[place][0]]
                above = np.where(above >= _SAME, above * np.float32(_INHERITED), np.float32(0))
                inherited[:, place] = np.maximum(inherited[:, place], above)
        meaning = self._meaning(types, index, meanings, words.shape)
        sure = TYPE_WORDS if meanings is not None else TYPE_WORDS_ALONE
        scores = sure * inherited + TYPE_MEANING * meaning
        self.scores: FloatArray = scores - scores.max(axis=1, keepdims=True, initial=-np.inf)

    @staticmethod
    def _meaning(
        types: TypeNames, index: NameIndex, meanings: Meanings | None, shape: tuple[int, int]
    ) -> FloatArray:
        """The greatest cosine of the type's first name and a concept's names; 0 for Chinese ones."""
        variants = [variant for variant in index.variants if not has_cjk(variant.text)]
        if meanings is None or not types.names or not variants:
            return np.zeros(shape, np.float32)
        texts = sorted({variant.text for variant in variants})
        places = {text: place for place, text in enumerate(texts)}
        latin = [next((name for name in names if not has_cjk(name)), names[0]) for names in types.names]
        meanings.learn([*latin, *texts])
        cosines = meanings(latin) @ meanings(texts).T
        found = np.full(shape, -1, np.float32)
        for variant in variants:
            column = cosines[:, places[variant.text]] * np.float32(variant.sure)
            found[:, variant.concept] = np.maximum(found[:, variant.concept], column)
        found[[has_cjk(name) for name in latin]] = 0
        return found

    def doubt(self, read: FloatArray) -> None:
        """Counts a type less the further its category is from what the titles of its products are nearest to:
        a word that is no type ("dual", "english") names a category that none of them is like. `read` is
        float32 (types, concepts), what the encoder makes of the titles.
        """
        if not len(read):
            return
        named = self.scores.argmax(axis=1)
        gap = read.max(axis=1) - read[np.arange(len(read)), named]
        trust = TYPE_TRUST / (1 + (gap / _HALF_TRUSTED) ** 2)
        self.scores = np.asarray(self.scores * trust[:, None], np.float32)


def spread_types(types: TypeNames, neighbours: Neighbours | None) -> csr_matrix:
    """Float32 (products, types): the product's own type, and its neighbours' with less weight; those of the
    neighbours alone where it has none.
    """
    shape = (len(types.places), len(types.names))
    own = _weighed(types.places[:, None], np.ones((len(types.places), 1), np.float32), shape)
    if neighbours is None:
        return own
    spread = _weighed(types.places[neighbours.rows], neighbours.weights, shape)
    heard = np.asarray(spread.sum(1)).ravel() + np.float32(_UNHEARD)
    share = np.where(types.places >= 0, np.float32(OWN_TYPE), np.float32(0))
    return csr_matrix(diags(share) @ own + diags((1 - share) / heard) @ spread, dtype=np.float32)


def _weighed(types: NDArray[np.int64], weights: FloatArray, shape: tuple[int, int]) -> csr_matrix:
    """Weights (n, k) of types (n, k), -1 for none, summed by type."""
    rows = np.repeat(np.arange(len(types)), types.shape[1])
    known = types.ravel() >= 0
    return csr_matrix((weights.ravel()[known], (rows[known], types.ravel()[known])), shape, np.float32)
