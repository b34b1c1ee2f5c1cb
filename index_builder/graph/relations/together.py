"""Frequently bought together, from baskets: Dunning's log-likelihood ratio tells habit from chance.

For two products, G2 = 2 * sum(observed * ln(observed / expected)) over the four cells of "has the one" by
"has the other" (T. Dunning, Accurate Methods for the Statistics of Surprise and Coincidence, Computational
Linguistics 19(1), 1993). Unlike lift alone it does not fall for pairs seen a few times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.types import RowArray

MAX_BASKET = 100
"""Products of an order that count; of a larger one, a seeded sample. Wholesale orders pair everything."""
MIN_SUPPORT = 5
MIN_RATIO = 10.83
"""G2 that chance exceeds once in a thousand pairs (chi squared, one degree of freedom)."""
MIN_LIFT = 1.5

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Together:
    """Pairs of rows `one[i] < two[i]`, int64, sorted, that share a basket at least once. `orders` is how many
    do, `lift` times chance, `ratio` G2, `association` the normalised pointwise mutual information, in [-1,
    1]: 1 for products that are only ever bought together. `bought` counts the baskets of each product.
    """

    one: RowArray
    two: RowArray
    orders: Counts
    lift: Counts
    ratio: Counts
    association: Counts
    bought: Counts

    def complements(self, *, min_support: int = MIN_SUPPORT) -> NDArray[np.bool_]:
        """Flags of the pairs that are bought together by habit."""
        habit: NDArray[np.bool_] = (
            (self.orders >= min_support) & (self.lift >= MIN_LIFT) & (self.ratio >= MIN_RATIO)
        )
        return habit


def count_together(
    baskets: Sequence[Sequence[int]], total: int, *, max_basket: int = MAX_BASKET, seed: int = 0
) -> Together:
    """Compare every pair that shares a basket; `total` is the number of products."""
    random = np.random.default_rng(seed)
    cut = [_cut(basket, max_basket, random) for basket in baskets]
    rows = np.repeat(np.arange(len(cut)), [len(basket) for basket in cut])
    columns = np.concatenate([np.empty(0, np.int64), *cut])
    cells = np.ones(len(columns), np.int32)
    matrix = sparse.csr_matrix((cells, (rows, columns)), shape=(len(cut), total))
    shared = sparse.triu(matrix.T @ matrix, k=1).tocoo()
    order = np.lexsort((shared.col, shared.row))
    one, two = shared.row[order].astype(np.int64), shared.col[order].astype(np.int64)
    both = shared.data[order].astype(np.float64)
    bought = np.bincount(columns, minlength=total).astype(np.float64)
    n, first, second = float(max(1, len(cut))), bought[one], bought[two]
    lift = both * n / (first * second)
    certain = np.log(n / both)
    association = np.divide(np.log(lift), certain, out=np.ones_like(lift), where=certain > 0)
    return Together(one, two, both, lift, _ratio(both, first, second, n), association, bought)


def _cut(basket: Sequence[int], limit: int, random: np.random.Generator) -> RowArray:
    rows = np.asarray(basket, np.int64)
    return rows if len(rows) <= limit else np.sort(random.choice(rows, limit, replace=False))


def _ratio(both: Counts, first: Counts, second: Counts, total: float) -> Counts:
    """G2 of each pair, from how many baskets have both, the first, the second."""
    cells = (
        (both, first * second),
        (first - both, first * (total - second)),
        (second - both, (total - first) * second),
        (total - first - second + both, (total - first) * (total - second)),
    )
    ratio = np.zeros_like(both)
    for observed, margins in cells:
        expected = margins / total
        share = np.divide(
            observed, expected, out=np.ones_like(observed), where=(observed > 0) & (expected > 0)
        )
        ratio += 2.0 * observed * np.log(share)
    return np.maximum(ratio, 0.0)
