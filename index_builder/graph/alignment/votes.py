"""What products say of each other: those near in text and attribute keys are likely of one category, and a
shop's products lie close together in a taxonomy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray, Product

NEIGHBOURS = 12
MAX_ANCHORS = 20_000
"""Products that others are compared with; more are sampled, so that time does not grow with the square."""
_CHUNK = 1024
_ENOUGH = 4.0
"""Sum of the squared cosines of a product's neighbours from which on they are heard in full."""
_KEY_DIMENSION = 256
_KEY_WEIGHT = 0.6
_COMMON_KEY = 0.5
_LEVELS = 4
_LEVEL_WEIGHTS = (0.1, 0.2, 0.2, 0.2)
_OWN_WEIGHT = 0.28
_EVEN_WEIGHT = 0.02


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`rows` int64 (n, k), `weights` float32 (n, k); each line's weights sum to 1, to less where neighbours
    are few or far.
    """

    rows: NDArray[np.int64]
    weights: FloatArray


def telling_keys(products: Sequence[Product]) -> dict[str, float]:
    """Attribute keys that some, but not most, products have, with the logarithm of their rarity."""
    counts = Counter(key for product in products for key in product.attributes)
    total = len(products)
    return {
        key: math.log(total / count)
        for key, count in sorted(counts.items())
        if 2 <= count <= _COMMON_KEY * total
    }


def key_vectors(
    products: Sequence[Product], keys: dict[str, float], basis: FloatArray | None = None, seed: int = 7
) -> FloatArray:
    """Float32 (n, d) unit rows (or zeros): the sum of the keys' rows of `basis`, weighed by rarity. Without a
    basis the keys get random directions (Achlioptas 2003), so that the products' cosines are those of
    their keys.
    """
    if basis is None:
        basis = np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), (len(keys), _KEY_DIMENSION))
    places = {key: place for place, key in enumerate(keys)}
    weighed = basis * np.fromiter(keys.values(), np.float32, len(keys))[:, None]
    found = np.zeros((len(products), basis.shape[1]), np.float32)
    for row, product in enumerate(products):
        own = [places[key] for key in product.attributes if key in places]
        if own:
            found[row] = weighed[own].sum(0)
    return unit(found)


def unit(rows: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: FloatArray = rows / np.maximum(lengths, np.float32(1e-9))
    return scaled


def nearest(vectors: FloatArray, keys: FloatArray, seed: int = 7) -> Neighbours:
    """The nearest products by cosine of text and keys together, the product itself left out."""
    joined = unit(np.hstack([vectors, keys * np.float32(_KEY_WEIGHT)]))
    total = len(joined)
    anchors = np.arange(total)
    if total > MAX_ANCHORS:
        anchors = np.sort(np.random.default_rng(seed).choice(total, MAX_ANCHORS, replace=False))
    count = max(1, min(NEIGHBOURS, len(anchors) - 1))
    rows = np.zeros((total, count), np.int64)
    weights = np.zeros((total, count), np.float32)
    against = joined[anchors].T
    for start in range(0, total, _CHUNK):
        cosines = joined[start : start + _CHUNK] @ against
        own = np.searchsorted(anchors, np.arange(start, start + len(cosines)))
        own[own == len(anchors)] = 0
        itself = np.flatnonzero(anchors[own] == np.arange(start, start + len(cosines)))
        cosines[itself, own[itself]] = -1
        best = np.sort(np.argpartition(-cosines, count - 1, axis=1)[:, :count], axis=1)
        rows[start : start + _CHUNK] = anchors[best]
        weights[start : start + _CHUNK] = np.maximum(np.take_along_axis(cosines, best, axis=1), 0) ** 2
    weights /= np.maximum(weights.sum(1, keepdims=True), np.float32(_ENOUGH))
    return Neighbours(rows, weights)


class Nearness:
    """How likely a category is in a shop whose products lie where they do: the share of its products in the
    category itself and in the categories above it, each spread evenly below (a mixture, after Jelinek and
    Mercer 1980).
    """

    def __init__(self, paths: Sequence[tuple[int, ...]]) -> None:
        """`paths[i]` leads from the broadest category to i."""
        total = len(paths)
        self._paths = paths
        self._above = np.array(
            [[path[min(level, len(path) - 1)] for level in range(_LEVELS)] for path in paths], np.int64
        ).reshape(total, _LEVELS)
        sizes = np.zeros(total)
        for path in paths:
            sizes[list(path)] += 1
        self._sizes = sizes
        self._narrower = np.array([place for path in paths for place in path], np.int64)
        self._lengths = np.array([len(path) for path in paths], np.int64)

    def __call__(self, mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities from how many products (in shares) each category has now."""
        total = max(mass.sum(), 1e-9)
        below = np.bincount(self._narrower, np.repeat(mass, self._lengths), len(mass))
        found = _EVEN_WEIGHT / len(mass) + _OWN_WEIGHT * mass / total
        for level, weight in enumerate(_LEVEL_WEIGHTS):
            above = self._above[:, level]
            found += weight * below[above] / total / self._sizes[above]
        return np.asarray(found / found.sum())
