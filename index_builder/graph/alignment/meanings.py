"""What the encoder makes of texts, each embedded once, and of the names of concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.text import has_cjk
from engine.types import FloatArray
from index_builder.graph.alignment.words import parts_of
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.train.probe import shipped_pairs

Embed = Callable[[Sequence[str]], FloatArray]
"""Unit rows, float32 (n, dimension), of texts."""
_READS = 0.5


class Meanings:
    """Remembers embeddings: an encoder, and a cache on disk, are fastest when asked for many at once."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._places: dict[str, int] = {}
        self._rows: FloatArray | None = None

    def learn(self, texts: Iterable[str]) -> None:
        """Embeds what is new among the texts, in one call."""
        new = [text for text in dict.fromkeys(texts) if text not in self._places]
        if not new:
            return
        rows = np.asarray(self._embed(new), np.float32)
        self._places.update(zip(new, range(len(self._places), len(self._places) + len(new)), strict=True))
        self._rows = rows if self._rows is None else np.vstack([self._rows, rows])

    @cached_property
    def read_chinese(self) -> bool:
        """Whether most of the shipped Chinese words lie closest to their own English word."""
        english, chinese = shipped_pairs()
        self.learn([*english, *chinese])
        nearest = (self(chinese) @ self(english).T).argmax(axis=1)
        return bool(np.mean(nearest == np.arange(len(english))) > _READS)

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Float32 (n, dimension) unit rows; (0, 0) of no texts."""
        self.learn(texts)
        if not texts or self._rows is None:
            return np.zeros((0, 0), np.float32)
        return self._rows[[self._places[text] for text in texts]]


@dataclass(frozen=True, slots=True)
class ConceptTexts:
    """How concepts are put to the encoder: every name, and every part of one, alone and before the broader
    concept's name, since a name alone may be ambiguous and the broader one may drown it. Texts
    `[starts[i], starts[i + 1])` are concept i's.
    """

    texts: list[str]
    starts: NDArray[np.int64]

    def rows(self, meanings: Meanings) -> FloatArray:
        """Float32 (texts, dimension) unit rows; 0 for Chinese that the encoder does not read."""
        found = meanings(self.texts)
        chinese = [place for place, text in enumerate(self.texts) if has_cjk(text)]
        if chinese and not meanings.read_chinese:
            found[chinese] = 0
        return found

    def best(self, scores: FloatArray) -> FloatArray:
        """From scores (m, texts) those of the concepts (m, concepts): the greatest of each one's texts."""
        return np.asarray(np.maximum.reduceat(scores, self.starts, axis=1), np.float32)


def concept_texts(ontology: Ontology, others: Sequence[Sequence[str]]) -> ConceptTexts:
    """`others[i]` are further names of concept i."""
    parents = ontology.parents()
    texts: list[str] = []
    starts = []
    for place, concept in enumerate(ontology.concepts):
        starts.append(len(texts))
        names = dict.fromkeys([concept.label, *parts_of(concept.label), *others[place]])
        texts += names
        if parents[place]:
            texts += [f"{name}, {ontology.concepts[parents[place][0]].label}" for name in names]
    return ConceptTexts(texts, np.array(starts, np.int64))
