import numpy as np
import pytest

from engine.stages.explain import Evidence, explain
from engine.stages.fuse import Fusion
from engine.types import Candidates


def test_parts_sum_to_the_score_and_name_each_sources_own_rank_and_score() -> None:
    sources = {
        "lexical": Candidates(np.array([4, 2]), np.array([12.5, 3.0], np.float32)),
        "dense": Candidates(np.array([2]), np.array([0.75], np.float32)),
    }
    scored = Fusion({"lexical": 1.0, "dense": 1.0})(sources)
    evidence = Evidence(sources, {2: ['"ink" -> product type Ink <- product']}, {})

    [second, first] = explain(scored, np.array([4, 2]), evidence)

    assert sum(part.value for part in first.parts) == pytest.approx(float(scored.scores[0]))
    assert {(part.name, part.source_rank, part.source_score) for part in first.parts} == {
        ("lexical", 2, 3.0),
        ("dense", 1, 0.75),
    }
    assert first.graph_paths == ('"ink" -> product type Ink <- product',)
    assert [part.name for part in second.parts] == ["lexical"]
