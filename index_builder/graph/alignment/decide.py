"""From evidence to a decision: shares of the candidates, the neighbours' votes, one voice for one type."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray
from index_builder.graph.alignment.votes import Neighbours

_CHUNK = 512
_VOTES = 2.0
_TEMPERATURE = 0.8
_LEAST_VOTE = 0.003
_AGREED = 0.6
_SMALL_GROUP = 3
_SHARES = (0.0, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0)
_RIGHT = (0.0, 0.4, 0.55, 0.62, 0.72, 0.88, 0.97)


def shares_of(scores: FloatArray) -> FloatArray:
    """Rows that sum to 1 from logarithms of odds; tempered, since the evidence is not independent."""
    return softmax(np.asarray(scores * np.float32(_TEMPERATURE), np.float32))


def heard_neighbours(candidates: NDArray[np.int64], scores: FloatArray, neighbours: Neighbours) -> FloatArray:
    """Shares (n, candidates) after each product's neighbours have voted with theirs."""
    votes = _votes(candidates, shares_of(scores), neighbours)
    heard = scores * np.float32(_TEMPERATURE) + np.float32(_VOTES) * np.log(votes + np.float32(_LEAST_VOTE))
    return softmax(np.asarray(heard, np.float32))


def _votes(candidates: NDArray[np.int64], shares: FloatArray, neighbours: Neighbours) -> FloatArray:
    """Float32 (n, candidates): the share of each candidate among the neighbours'; what voice they do not have
    is the product's own.
    """
    found: FloatArray = shares * (1 - neighbours.weights.sum(1, keepdims=True))
    for start in range(0, len(candidates), _CHUNK):
        rows = slice(start, start + _CHUNK)
        for place in range(neighbours.rows.shape[1]):
            other = neighbours.rows[rows, place]
            same = candidates[rows][:, :, None] == candidates[other][:, None, :]
            said = np.einsum("rco,ro->rc", same, shares[other])
            found[rows] += neighbours.weights[rows, place, None] * said
    return found


def with_one_voice(
    candidates: NDArray[np.int64], shares: FloatArray, types: NDArray[np.int64], width: int
) -> FloatArray:
    """Products of one type (`types[row]`, -1 for none) move towards what most of them are, where most of them
    agree. `width` is above every candidate.
    """
    typed = np.flatnonzero(types >= 0)
    if not len(typed):
        return shares
    groups = types[typed]
    codes, where = np.unique(groups[:, None] * width + candidates[typed], return_inverse=True)
    where = where.reshape(len(typed), -1)
    sizes = np.bincount(groups)
    mean = np.bincount(where.ravel(), shares[typed].ravel()) / sizes[codes // width]
    most = np.zeros(len(sizes))
    np.maximum.at(most, codes // width, mean)
    agreed = ((most >= _AGREED) & (sizes >= _SMALL_GROUP))[groups]
    mixed = shares[typed] * (mean[where] + _LEAST_VOTE)
    mixed /= mixed.sum(1, keepdims=True)
    found = shares.copy()
    found[typed[agreed]] = mixed[agreed]
    return found


def calibrated(shares: FloatArray) -> FloatArray:
    """From shares of the evidence to how often such an answer is right, by hand-labelled products."""
    return np.asarray(np.interp(shares, _SHARES, _RIGHT), np.float32)


def softmax(scores: FloatArray) -> FloatArray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
