from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from index_builder.train.encoder.blending import Blend, blend
from index_builder.train.queries.pairs import MIN_HELD_OUT
from index_builder.train.queries.query import Origin, TrainingQuery
from tests.unit.index_builder.train.small_model import write_small_model

WORSE = {"score": -1e9}


@pytest.fixture
def model(tmp_path: Path) -> SentenceTransformer:
    return write_small_model(tmp_path, pooling="mean")


def held_out(origin: Origin, count: int) -> list[TrainingQuery]:
    rows = np.array([0], np.int64)
    return [TrainingQuery(f"ink {n}", rows, np.ones(1, np.float32), rows, origin) for n in range(count)]


def zeros(model: SentenceTransformer) -> dict[str, Tensor]:
    return {name: torch.zeros_like(weight) for name, weight in model.state_dict().items()}


def size(model: SentenceTransformer) -> float:
    return float(
        sum(weight.abs().sum() for weight in model.state_dict().values() if weight.is_floating_point())
    )


@pytest.mark.parametrize(("origin", "count"), [(Origin.GRAPH, 1_000), (Origin.JUDGEMENTS, MIN_HELD_OUT - 1)])
def test_composed_or_few_queries_do_not_choose_and_half_of_the_way_is_taken(
    model: SentenceTransformer, origin: Origin, count: int
) -> None:
    trained = size(model)

    # Whole weights would measure best, but the base is all zeros, so that half of the way halves them.
    found = blend(
        model, zeros(model), held_out(origin, count), lambda each: {"score": size(each)}, before=WORSE
    )

    assert found.share == 0.5
    assert size(model) == pytest.approx(trained / 2, rel=1e-5)
    assert found.figures == {"score": pytest.approx(trained / 2, rel=1e-5)}


@pytest.mark.parametrize(("sign", "share"), [(1, 1.0), (-1, 0.5)])
def test_queries_of_people_choose_how_far_to_go(model: SentenceTransformer, sign: int, share: float) -> None:
    trained = size(model)

    def measure(each: SentenceTransformer) -> Mapping[str, float]:
        return {"score": sign * size(each)}

    found = blend(model, zeros(model), held_out(Origin.JUDGEMENTS, MIN_HELD_OUT), measure, before=WORSE)

    assert found.share == share
    assert size(model) == pytest.approx(trained * share, rel=1e-5)


@pytest.mark.parametrize("origin", [Origin.GRAPH, Origin.JUDGEMENTS])
def test_weights_no_better_than_the_base_model_are_not_taken(
    model: SentenceTransformer, origin: Origin
) -> None:
    before = {"score": 0.7}

    found = blend(
        model, zeros(model), held_out(origin, MIN_HELD_OUT), lambda _: {"score": 0.7}, before=before
    )

    assert found == Blend(0.0, before)
    assert size(model) == 0
