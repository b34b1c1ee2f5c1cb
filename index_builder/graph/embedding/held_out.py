"""Chooses statements that a model is not shown, and measures how well it finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.types import Mask
from index_builder.graph.embedding.triples import Triples

if TYPE_CHECKING:
    from index_builder.graph.embedding.embeddings import GraphEmbeddings

SHARE = 0.02


@dataclass(frozen=True, slots=True)
class LinkReport:
    """Of `count` held-out values: mean reciprocal rank and the shares in the first one and ten, all 0 to 1,
    among the values of the attribute, the product's other values left out; `popular_*` by frequency alone.
    """

    count: int
    mean_reciprocal_rank: float
    hits_at_1: float
    hits_at_10: float
    popular_mean_reciprocal_rank: float
    popular_hits_at_1: float
    popular_hits_at_10: float


def hold_out(triples: Triples, *, share: float = SHARE, seed: int = 0) -> Mask:
    """Flags of triples to keep from training. A product's values of one attribute go together: the one would
    give the other away. Only attributes with a choice of values take part, and edges between nodes never.
    """
    stated = triples.head < triples.products
    nodes = triples.tail >= triples.products
    edges = np.array([":" in name for name in triples.relations], np.bool_)  # predicates are IRIs
    values = np.zeros(len(triples.relations), np.int64)
    pairs = np.unique(np.stack([triples.relation, triples.tail], axis=1), axis=0)
    np.add.at(values, pairs[:, 0], 1)
    if not len(triples):
        return np.zeros(0, np.bool_)
    eligible = stated & nodes & ~edges[triples.relation] & (values[triples.relation] > 1)
    questions = np.unique(triples.relation * triples.products + triples.head, return_inverse=True)[1]
    asked = np.random.default_rng(seed).random(questions.max() + 1) < share
    held: Mask = eligible & asked[questions]
    return held


def measure(embeddings: GraphEmbeddings) -> LinkReport:
    """How well the embeddings find what was held out of their training."""
    known, held = embeddings.known, embeddings.held_out
    frequency = np.bincount(known.tail, minlength=len(known.entities)).astype(np.float32)
    stated: dict[tuple[int, int], list[int]] = {}
    for triples in (known, held):
        for head, relation, tail in zip(
            triples.head.tolist(), triples.relation.tolist(), triples.tail.tolist(), strict=True
        ):
            stated.setdefault((head, relation), []).append(tail)
    ranks, popular = [], []
    for head, relation, tail in zip(
        held.head.tolist(), held.relation.tolist(), held.tail.tolist(), strict=True
    ):
        tails = embeddings.tails[relation]
        place = int(np.searchsorted(tails, tail))
        if place == len(tails) or tails[place] != tail:
            continue  # a value that nothing else states was never seen
        others = ~np.isin(tails, stated[head, relation])
        scores = embeddings.tail_scores(np.array([head]), relation)[0]
        ranks.append(_rank(scores, place, others))
        popular.append(_rank(frequency[tails], place, others))
    return LinkReport(len(ranks), *_figures(ranks), *_figures(popular))


def _rank(scores: NDArray[np.float32], place: int, others: Mask) -> float:
    """From 1; ties share their mean rank, so that a model that says nothing gains nothing."""
    better = np.count_nonzero(scores[others] > scores[place])
    ties = np.count_nonzero(scores[others] == scores[place])
    return 1.0 + better + ties / 2


def _figures(ranks: list[float]) -> tuple[float, float, float]:
    if not ranks:
        return 0.0, 0.0, 0.0
    array = np.array(ranks)
    return float((1 / array).mean()), float((array <= 1).mean()), float((array <= 10).mean())
