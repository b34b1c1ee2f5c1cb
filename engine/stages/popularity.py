"""How much shoppers wanted a product before, whatever they asked for: what a score's prior is made of."""

from __future__ import annotations

import numpy as np

from engine.stages.retrieve import PastQueries
from engine.types import FloatArray


def popularity(queries: PastQueries, product_total: int) -> FloatArray:
    """Float32 (product_total,) in [0, 1]: log(1 + wanted), as a share of the highest; all 0 without queries.

    `wanted` is the sum of count / log2(1 + place) over the past queries that led to the product, so that the
    first product behind a query that was asked ten times was wanted ten times.
    """
    wanted = np.zeros(product_total)
    for row in range(len(queries)):
        query = queries.get(row)
        wanted[query.rows] += query.count / np.log2(2 + np.arange(len(query.rows)))
    shares = np.log1p(wanted)
    return (shares / max(float(shares.max(initial=0.0)), 1e-12)).astype(np.float32)
