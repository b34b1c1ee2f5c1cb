"""Takes a trained encoder part of the way back to its base model.

The mean of both models' weights often does better than either where the queries are not quite those that were
learned from (WiSE-FT, Wortsman et al., CVPR 2022), and queries composed from a graph are not quite those of
shoppers: on judged queries of electronics half of the way gave nDCG@10 .617 and judged-only .934, the whole
way .612 and .923, none of it .556 and .915.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sentence_transformers import SentenceTransformer
from torch import Tensor

from index_builder.train.encoder.held_out import SCORE
from index_builder.train.queries.pairs import MIN_HELD_OUT
from index_builder.train.queries.query import Origin, TrainingQuery

SHARES = (0.5, 0.75, 1.0)
HALF = 0.5

Weights = Mapping[str, Tensor]
Measure = Callable[[SentenceTransformer], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Blend:
    """`share` of the way from the base model (0) to the trained one (1), and how held-out queries fare with
    those weights.
    """

    share: float
    figures: Mapping[str, float]


def blend(
    model: SentenceTransformer,
    base: Weights,
    held_out: Sequence[TrainingQuery],
    measure: Measure,
    *,
    before: Mapping[str, float],
) -> Blend:
    """Move `model`, which holds the trained weights, and leave it there. `base` are the weights by name,
    `before` is what `measure` gives with them.

    Held-out queries that people asked choose among SHARES where there are enough of them; those composed
    from the graph like what was learned from too well to choose, so that half of the way is taken. None of
    the way is, where that is no better than the base model: the mean of two good models need not be good.
    """
    trained = {name: weight.clone() for name, weight in model.state_dict().items()}
    by_people = sum(query.origin is not Origin.GRAPH for query in held_out) >= MIN_HELD_OUT
    found = []
    for share in SHARES if by_people else (HALF,):
        model.load_state_dict(_between(base, trained, share))
        found.append(Blend(share, measure(model)))
    best = max(found, key=lambda each: each.figures[SCORE])
    if best.figures[SCORE] <= before[SCORE]:
        best = Blend(0.0, before)
    model.load_state_dict(_between(base, trained, best.share))
    return best


def _between(base: Weights, trained: Weights, share: float) -> dict[str, Tensor]:
    return {
        name: base[name].lerp(weight, share) if weight.is_floating_point() else weight
        for name, weight in trained.items()
    }
