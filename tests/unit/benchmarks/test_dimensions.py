"""What a cut embedding finds, on embeddings small enough to rank by hand."""

from __future__ import annotations

import numpy as np

from benchmarks.dimensions import INT8, measure_sizes
from index_builder.judgements import Judgements

JUDGEMENTS = Judgements({"q": "ink"}, {"q": {"a": 1.0}})


def test_every_size_up_to_the_embeddings_own_is_measured_largest_first() -> None:
    vectors = np.random.default_rng(0).standard_normal((5, 200)).astype(np.float32)

    rows = measure_sizes(INT8, vectors[:1], vectors, ["a", "b", "c", "d", "e"], JUDGEMENTS)

    assert [(row.form, row.dimension) for row in rows] == [(INT8, 200), (INT8, 128), (INT8, 64)]


def test_a_cut_embedding_has_length_1_again_before_it_is_compared() -> None:
    """Over all 65 numbers the query's cosine with a is (0.6 * 0.1 + 0.8 * 0.9) / |a|, with b 0.6: a is first.
    Over the first 64 a and b point the same way as the query, b being ten times as long: without lengths of
    1, b would be first; with them both have a cosine of 1, and a, which stands before b, stays first.
    """
    query, a, b = (np.zeros((1, 65), np.float32) for _ in range(3))
    query[0, [0, 64]] = 0.6, 0.8
    a[0, [0, 64]] = 0.1, 0.9
    b[0, 0] = 1.0

    rows = measure_sizes(INT8, query, np.concatenate([a, b]), ["a", "b"], JUDGEMENTS)

    assert [(row.dimension, row.figures["ndcg@10"]) for row in rows] == [(65, 1.0), (64, 1.0)]
    assert rows[0].per_query["ndcg@10"] == [1.0]
