"""The sweep over filters, on an index that is exact and on one that is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.filters import KINDS, SHARES, made_up, masks, sweep
from engine.backends.vector_index import FaissVectorIndex
from engine.types import Candidates, FloatArray, Mask
from index_builder.vector_oracle import stand_ins

VECTORS = made_up(2_000, 16, seed=1)
QUERIES = stand_ins(VECTORS, 5, np.random.default_rng(2))


class Scan:
    """Exact, or, with `lose`, without the best that passes."""

    def __init__(self, lose: int = 0) -> None:
        self.lose = lose

    def search(self, vectors: FloatArray, limit: int, mask: Mask | None = None) -> Sequence[Candidates]:
        [scores] = vectors @ VECTORS.T
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        rows = np.argsort(-scores)[self.lose : limit + self.lose]
        return [Candidates.ranked(rows, scores[rows], limit=limit)]


def swept(scan: Scan) -> list[tuple[str, float, float]]:
    index: FaissVectorIndex = scan  # type: ignore[assignment]  # of which only `search` is asked
    return [(each.mask, each.share, each.recall) for each in sweep(index, VECTORS, QUERIES, seed=0)]


def test_exact_search_has_recall_1_in_every_bucket() -> None:
    found = swept(Scan())

    assert {recall for _, _, recall in found} == {1.0}
    assert {(mask, share) for mask, share, _ in found} == {
        *((kind, share) for kind in KINDS for share in SHARES if share < 1),
        ("random", 1.0),
    }


def test_what_is_lost_is_seen() -> None:
    """Where exactly ten rows pass, losing one leaves nine, which is no full answer."""
    assert {recall for _, share, recall in swept(Scan(lose=1)) if share >= 0.1} == {0.9}


@pytest.mark.parametrize("kind", KINDS)
def test_masks_let_through_the_share_asked_for_and_ten_at_least(kind: str) -> None:
    scores = QUERIES @ VECTORS.T
    for share, passing in ((0.5, 1_000), (0.01, 20), (0.0001, 10)):
        for row, mask in zip(scores, masks(scores, kind, share, np.random.default_rng(0)), strict=True):
            assert mask.sum() == passing
            if kind == "near":
                assert row[mask].min() >= row[~mask].max()
            if kind == "far":
                assert row[mask].max() <= row[~mask].min()


def test_made_up_vectors_repeat_and_have_length_1() -> None:
    np.testing.assert_array_equal(VECTORS, made_up(2_000, 16, seed=1))
    np.testing.assert_allclose(np.linalg.norm(VECTORS, axis=1), 1, rtol=1e-5)
