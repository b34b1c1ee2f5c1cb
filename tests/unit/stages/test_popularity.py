from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from engine.stages.popularity import popularity
from engine.types import PastQuery


@dataclass
class Asked:
    queries: Sequence[PastQuery]

    def __len__(self) -> int:
        return len(self.queries)

    def get(self, row: int) -> PastQuery:
        return self.queries[row]

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        return []


def test_a_product_is_as_popular_as_it_was_wanted_on_a_scale_of_logarithms() -> None:
    asked = Asked([PastQuery("ink", 6, np.array([2, 0])), PastQuery("black ink", 1, np.array([2]))])

    shares = popularity(asked, 4)

    most = np.log1p(6 / np.log2(2) + 1 / np.log2(2))
    assert shares.tolist() == pytest.approx([np.log1p(6 / np.log2(3)) / most, 0.0, 1.0, 0.0])
    assert shares.dtype == np.float32


def test_without_past_queries_none_is_popular() -> None:
    assert popularity(Asked([]), 2).tolist() == [0.0, 0.0]
    assert popularity(Asked([PastQuery("lost", 3, np.empty(0, np.int64))]), 0).tolist() == []
