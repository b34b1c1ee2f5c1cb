"""Substitutes: products that resemble each other in text (embedding) and in attribute values.

Candidates are the nearest by embedding. Each pair is scored by the mean of its cosine and the weighted
Jaccard similarity of its attribute values, in which a value that few products state weighs more (inverse
document frequency). A product without behaviour or with rare attributes still gets neighbours: what it lacks
in values its embedding makes up for. Variants of one product are no substitutes, nor are accessories of
different devices (a cartridge for another printer), nor those of different colours (cyan ink for black).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from engine.backends.faiss_library import faiss
from engine.types import EntityKind, FloatArray, RowArray
from index_builder.graph.draft import Draft
from index_builder.graph.relations.pairs import Pair, unordered
from index_builder.graph.relations.replaceable import may_replace
from index_builder.graph.vocabulary import SourceGraph, Term

MIN_COSINE = 0.45
MIN_SCORE, SAME_TYPE_SCORE = 0.5, 0.35
"""Mean of cosine and Jaccard that makes a substitute: of unknown or related type, and of the same type."""
LONELY_COSINE, LONELY_COUNT, LONELY_FACTOR = 0.55, 3, 0.5
"""A product that nothing resembles enough gets the nearest few that do not contradict it, at half the
confidence, from a cosine on: below it about every second was wrong.
"""
_CANDIDATES = 48
_EXACT_UP_TO = 60_000
"""Comparing all with all takes 4 CPU seconds at 20,000 products and grows with the square: an HNSW above."""
_LINKS, _EFFORT = 32, 96
_CHUNK = 1024
_KINDS = frozenset(
    {
        EntityKind.ATTRIBUTE_VALUE,
        EntityKind.MATERIAL,
        EntityKind.SIZE,
        EntityKind.CAPACITY,
        EntityKind.AUDIENCE,
    }
)


def find_similar(
    draft: Draft,
    vectors: FloatArray,
    *,
    variants: Mapping[int, int],
    excluded: Collection[tuple[int, int]] = (),
    top: int = 5,
) -> list[Pair]:
    """The best `top` substitutes of each product as pairs (lower row, higher row), sorted, each once.

    `vectors` is float32 (n, d) of unit rows; `variants` gives a product's variant group by row; pairs in
    `excluded` (lower row first) are left out. Of a variant group one member at most is a product's
    substitute.
    """
    total = len(vectors)
    if total < 2 or top < 1:
        return []
    subjects, objects, cosines = _nearest(vectors, min(_CANDIDATES, total - 1))
    kept = (cosines >= MIN_COSINE) & may_replace(draft, subjects, objects, strict=False)
    subjects, objects, cosines = subjects[kept], objects[kept], cosines[kept]
    scores = 0.5 * (cosines + _jaccard(_weights(draft, total), subjects, objects))
    types = np.unique(np.asarray(draft.types, np.str_), return_inverse=True)[1]
    typed = np.array([bool(iri) for iri in draft.types])
    same = (types[subjects] == types[objects]) & typed[subjects]
    fits = scores >= np.where(same, SAME_TYPE_SCORE, MIN_SCORE)
    fits &= may_replace(draft, subjects, objects)
    choice = _Choice(variants, frozenset(excluded))
    best = choice.best(subjects[fits], objects[fits], scores[fits], top)
    lonely = ~np.isin(subjects, np.array([*best], np.int64).ravel()) & (cosines >= LONELY_COSINE)
    near = LONELY_FACTOR * cosines[lonely]
    best |= choice.best(subjects[lonely], objects[lonely], near, min(top, LONELY_COUNT))
    return sorted(
        Pair(one, two, Term.SIMILAR_TO, SourceGraph.SIMILARITY, round(min(1.0, score), 4))
        for (one, two), score in best.items()
    )


def _nearest(vectors: FloatArray, count: int) -> tuple[RowArray, RowArray, FloatArray]:
    """(subject, object, cosine) of the nearest others of every row, subjects ascending, best first."""
    matrix = np.ascontiguousarray(vectors, np.float32)
    total, depth = len(matrix), count + 1
    if total <= _EXACT_UP_TO:
        cosines, objects = faiss.knn(matrix, matrix, depth, metric=faiss.METRIC_INNER_PRODUCT)
    else:
        index = faiss.IndexHNSWFlat(matrix.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)  # threads race for an HNSW graph's links; one gives the same graph
        index.add(matrix)
        faiss.omp_set_num_threads(threads)
        index.hnsw.efSearch = _EFFORT
        cosines, objects = index.search(matrix, depth)
    subjects = np.repeat(np.arange(total, dtype=np.int64), depth)
    found, near = objects.ravel().astype(np.int64), cosines.ravel()
    kept = (found != subjects) & (found >= 0)
    return subjects[kept], found[kept], near[kept]


def _weights(draft: Draft, total: int) -> Any:
    """Rows are products, columns values, cells the value's rarity ln(n / products that state it)."""
    nodes = sorted(
        (node for node in draft.nodes.values() if node.kind in _KINDS and len(node.rows) > 1),
        key=lambda node: node.iri,
    )
    rows = np.concatenate([np.empty(0, np.int64), *(np.asarray(node.rows, np.int64) for node in nodes)])
    counts = np.array([len(node.rows) for node in nodes], np.int64)
    columns = np.repeat(np.arange(len(nodes)), counts)
    rarity = np.log(total / np.maximum(counts, 1)).astype(np.float32)
    return sparse.csr_matrix((np.repeat(rarity, counts), (rows, columns)), shape=(total, max(1, len(nodes))))


def _jaccard(weights: Any, subjects: RowArray, objects: RowArray) -> FloatArray:
    """Weight of shared values / weight of all values of the two; 0 where neither states any."""
    sums = np.asarray(weights.sum(axis=1), np.float32).ravel()
    shared = np.zeros(len(subjects), np.float32)
    stated = weights.copy()
    stated.data[:] = 1.0
    step = _CHUNK * _CANDIDATES
    for start in range(0, len(subjects), step):
        part = slice(start, start + step)
        both = weights[subjects[part]].multiply(stated[objects[part]])
        shared[part] = np.asarray(both.sum(axis=1)).ravel()
    union = sums[subjects] + sums[objects] - shared
    similarity: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return similarity


@dataclass(frozen=True, slots=True)
class _Choice:
    variants: Mapping[int, int]
    excluded: frozenset[tuple[int, int]]

    def best(
        self, subjects: RowArray, objects: RowArray, scores: FloatArray, top: int
    ) -> dict[tuple[int, int], float]:
        """Score by pair, lower row first. The best `top` of each subject, none of its own variant group."""
        best: dict[tuple[int, int], float] = {}
        order = np.lexsort((objects, -scores, subjects))
        listed = (array[order].tolist() for array in (subjects, objects, scores))
        row, kept, taken = -1, 0, set[int]()
        for subject, thing, score in zip(*listed, strict=True):
            if subject != row:
                row, kept, taken = subject, 0, {self.variants.get(subject, -1)}
            group, pair = self.variants.get(thing, -2), unordered(subject, thing)
            if kept < top and group not in taken and pair not in self.excluded:
                best[pair] = max(best.get(pair, 0.0), score)
                kept += 1
                if group >= 0:
                    taken.add(group)
        return best
