"""Fills gaps: values that products of a type nearly always state, and some do not.

A value is predicted where the model is sure enough: the lowest softmax probability is sought above which
held-out values were right often enough (by the lower end of Wilson's interval, so that luck does not pass).
That rests on held-out values being like missing ones; a shop that leaves out what is unusual breaks it,
which is one reason why predictions stay below every statement's confidence.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engine.types import EntityKind, FloatArray, Product, RowArray
from index_builder.graph.draft import Draft, Origin
from index_builder.graph.embedding.embeddings import GraphEmbeddings
from index_builder.graph.vocabulary import SourceGraph

MIN_PRODUCTS = 10
"""Of a type, before a share of them says anything."""
MIN_SHARE = 0.8
"""Of a type's products that state the attribute."""
PRECISION_FLOOR = 0.8
MAX_CONFIDENCE = 0.49
_Z = 1.96
_BINS = 10


@dataclass(frozen=True, slots=True)
class PredictionReport:
    """`added` statements for `gaps` missing values. `precision` is the share of `measured` held-out values
    that were predicted right above `threshold` (a softmax probability); `asked` were held out for such
    attributes in all. Nothing is added, and the threshold is above 1, where the floor is never reached.
    """

    added: int
    gaps: int
    threshold: float
    precision: float
    measured: int
    asked: int


def predict_missing(
    draft: Draft,
    products: Sequence[Product],
    embeddings: GraphEmbeddings,
    *,
    floor: float = PRECISION_FLOOR,
    min_share: float = MIN_SHARE,
) -> PredictionReport:
    """Add predicted values to the draft's nodes, in the named graph of predictions, with a confidence of at
    most .49: the share of held-out values that were right at that probability, halved.
    """
    usual = usual_attributes(draft, products, min_share=min_share)
    sure, right = _on_held_out(draft, embeddings, usual)
    calibration = _Calibration.fit(sure, right)
    threshold, precision, measured = _threshold(sure, right, calibration, floor)
    added = gaps = 0
    for attribute, rows in sorted(_gaps(draft, products, embeddings, usual).items()):
        relation = embeddings.relation[attribute]
        for row, place, probability in _best(embeddings, np.array(rows, np.int64), relation):
            gaps += 1
            node = draft.nodes.get(embeddings.known.entities[place])
            if probability >= threshold and node is not None:
                confidence = min(MAX_CONFIDENCE, max(0.01, 0.5 * calibration(probability)))
                insort(node.rows, row)
                node.origins[row] = Origin(SourceGraph.PREDICTION, round(confidence, 4))
                added += 1
    return PredictionReport(added, gaps, threshold, precision, measured, len(sure))


def usual_attributes(
    draft: Draft, products: Sequence[Product], *, min_share: float = MIN_SHARE
) -> dict[str, set[str]]:
    """Attributes that nearly all products of a type state, by the type's IRI."""
    members = Counter(iri for iri in draft.types if iri)
    stated: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, iri in enumerate(draft.types):
        if members[iri] >= MIN_PRODUCTS:
            stated[iri].update(products[row].attributes.keys())
    return {
        iri: {key for key, count in counts.items() if count >= min_share * members[iri]}
        for iri, counts in stated.items()
    }


def _gaps(
    draft: Draft, products: Sequence[Product], embeddings: GraphEmbeddings, usual: dict[str, set[str]]
) -> dict[str, list[int]]:
    """Rows by attribute: those whose type usually states it, but which do not, not even as "no" or as a
    number. Attributes without a choice of values (yes or nothing) have no gaps.
    """
    holding = {
        (node.attribute, row) for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE) for row in node.rows
    }
    texts = {node.attribute for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE)}
    gaps: defaultdict[str, list[int]] = defaultdict(list)
    for row, iri in enumerate(draft.types):
        for key in usual.get(iri, ()):
            relation = embeddings.relation.get(key) if key in texts else None
            if relation is None or len(embeddings.tails[relation]) < 2:
                continue
            if key not in products[row].attributes and (key, row) not in holding:
                gaps[key].append(row)
    return dict(gaps)


def _on_held_out(
    draft: Draft, embeddings: GraphEmbeddings, usual: dict[str, set[str]]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Probability of the best value and whether it was right, for held-out values of usual attributes."""
    held = embeddings.held_out
    answers: defaultdict[int, defaultdict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for head, relation, tail in zip(
        held.head.tolist(), held.relation.tolist(), held.tail.tolist(), strict=True
    ):
        if embeddings.known.relations[relation] in usual.get(draft.types[head], ()):
            answers[relation][head].add(tail)
    sure, right = [], []
    for relation in sorted(answers):
        asked = answers[relation]
        if len(embeddings.tails[relation]) > 1:
            for row, place, probability in _best(embeddings, np.array(sorted(asked), np.int64), relation):
                sure.append(probability)
                right.append(place in asked[row])
    return np.array(sure, np.float32), np.array(right, np.bool_)


def _best(embeddings: GraphEmbeddings, rows: RowArray, relation: int) -> Iterator[tuple[int, int, float]]:
    """(row, place of the likeliest value, its softmax probability)."""
    scores = embeddings.tail_scores(rows, relation)
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    best = scores.argmax(axis=1)
    shares = 1.0 / exponents.sum(axis=1)
    yield from zip(rows.tolist(), embeddings.tails[relation][best].tolist(), shares.tolist(), strict=True)


def _threshold(
    sure: FloatArray, right: NDArray[np.bool_], calibration: _Calibration, floor: float
) -> tuple[float, float, int]:
    """(lowest probability from which precision holds, that precision, how many reach it). It has to hold for
    all of them together, and for those just above it.
    """
    order = np.argsort(-sure, kind="stable")
    found = (1.01, 0.0, 0)
    hits = 0
    for count, place in enumerate(order.tolist(), start=1):
        hits += int(right[place])
        probability = float(sure[place])
        if calibration(probability) < floor:
            break
        if _wilson(hits, count) >= floor:
            found = probability, hits / count, count
    return found


def _wilson(hits: int, count: int) -> float:
    """The lower end of Wilson's 95% score interval of a share (JASA 22, 1927)."""
    share, z2 = hits / count, _Z * _Z
    spread = _Z * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return (share + z2 / (2 * count) - spread) / (1 + z2 / count)


@dataclass(frozen=True, slots=True)
class _Calibration:
    """The share that was right, by probability: bins of equal size, never falling."""

    bounds: list[float]
    shares: list[float]

    @classmethod
    def fit(cls, sure: FloatArray, right: NDArray[np.bool_]) -> _Calibration:
        if not len(sure):
            return cls([], [0.0])
        order = np.argsort(sure, kind="stable")
        bins = np.array_split(order, min(_BINS, len(order)))
        shares = np.maximum.accumulate([right[each].mean() for each in bins])
        return cls([float(sure[each[-1]]) for each in bins[:-1]], [float(share) for share in shares])

    def __call__(self, probability: float) -> float:
        return self.shares[bisect_left(self.bounds, probability)]
