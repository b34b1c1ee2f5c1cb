"""What the encoder makes of products, held against what it makes of concepts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.text import has_cjk
from engine.types import FloatArray, Product
from index_builder.graph.alignment.evidence import KEYS, SMOOTH_TITLE, TITLE
from index_builder.graph.alignment.meanings import Meanings, concept_texts
from index_builder.graph.alignment.votes import Neighbours, key_vectors, telling_keys
from index_builder.graph.attributes import key_phrase
from index_builder.graph.ontologies.ontology import Ontology


class ProductMeanings:
    """What the encoder makes of products (titles, weighed; their neighbours'; their attribute keys) held
    against what it makes of concepts. Chinese titles say nothing to an encoder that does not read Chinese.
    """

    def __init__(
        self,
        products: Sequence[Product],
        vectors: FloatArray,
        neighbours: Neighbours | None,
        ontology: Ontology,
        others: Sequence[Sequence[str]],
        meanings: Meanings,
    ) -> None:
        """`vectors` float32 (n, dimension) are unit rows of the products' texts."""
        self._texts = concept_texts(ontology, others)
        self._concepts = self._texts.rows(meanings).T
        read = np.float32(TITLE) * vectors
        if neighbours is not None:
            for place in range(neighbours.rows.shape[1]):
                weight = np.float32(SMOOTH_TITLE) * neighbours.weights[:, place, None]
                read = read + weight * vectors[neighbours.rows[:, place]]
        keys = key_meanings(products, meanings)
        if keys.shape[1] == read.shape[1]:
            read = read + np.float32(KEYS) * keys
        chinese = [row for row, product in enumerate(products) if has_cjk(product.title)]
        if chinese and not meanings.read_chinese:
            read[chinese] = 0
        self._products = np.asarray(read, np.float32)
        self.told: NDArray[np.bool_] = np.abs(self._products).sum(axis=1) > 0

    def scores(self, rows: NDArray[np.int64]) -> FloatArray:
        """Float32 (rows, concepts)."""
        return self._texts.best(self._products[rows] @ self._concepts)

    def of_groups(self, groups: NDArray[np.int64], count: int) -> FloatArray:
        """Float32 (count, concepts): of the mean of each group's products; `groups[row]` is -1 for none."""
        member = groups >= 0
        total = np.zeros((count, self._products.shape[1]), np.float32)
        np.add.at(total, groups[member], self._products[member])
        sizes = np.maximum(np.bincount(groups[member], minlength=count), 1).astype(np.float32)
        return self._texts.best(np.asarray(total / sizes[:, None], np.float32) @ self._concepts)


def key_meanings(products: Sequence[Product], meanings: Meanings) -> FloatArray:
    """Float32 (n, d): the mean of what a product's telling attribute keys mean, less what all keys mean."""
    keys = telling_keys(products)
    if not keys:
        return np.zeros((len(products), 1), np.float32)
    basis = meanings([key_phrase(key) or key for key in keys])
    found = key_vectors(products, keys, basis)
    return np.asarray(found - found.mean(0), np.float32)
