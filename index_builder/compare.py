"""Whether one ranking is better than another on the same queries, by how much, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.errors import ConfigError
from index_builder.evaluate import METRICS, Evaluation
from index_builder.significance import bootstrap_interval, randomisation_p, t_test_p

SHOWN = 10
"""Queries that gained most, and as many that lost most."""
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """Means of `a` and `b`, and of b - a with its 95% interval over queries. `p` is that of the randomisation
    test, `t_test` of the t-test where it was asked for. `wins` are queries that b does better.
    """

    a: float
    b: float
    difference: float
    interval: tuple[float, float]
    p: float
    t_test: float | None
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, slots=True)
class QueryComparison:
    """The figures of one query, by metric."""

    query_id: str
    a: Mapping[str, float]
    b: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """By metric. `gained` and `lost` are queries whose `by` rose or fell from a to b, the furthest first, ten
    at most.
    """

    queries: int
    metrics: Mapping[str, MetricComparison]
    by: str
    gained: tuple[QueryComparison, ...]
    lost: tuple[QueryComparison, ...]

    def to_json(self) -> dict[str, Any]:
        """Figures rounded to six digits."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def compare(
    a: Evaluation, b: Evaluation, *, seed: int = 0, t_test: bool = False, by: str = "ndcg@10"
) -> Comparison:
    """Paired by query id, whatever the order. Raises ConfigError for runs of different queries."""
    b = _aligned(a, b)
    metrics = {
        name: _metric(a.values[name], b.values[name], seed=seed, t_test=t_test)
        for name in METRICS
        if name in a.values and name in b.values
    }
    change = b.values[by] - a.values[by]
    order = sorted(range(len(change)), key=lambda place: (-abs(change[place]), a.query_ids[place]))
    gained = [place for place in order if change[place] > _EQUAL][:SHOWN]
    lost = [place for place in order if change[place] < -_EQUAL][:SHOWN]
    return Comparison(len(a.query_ids), metrics, by, _queries(a, b, gained), _queries(a, b, lost))


def _aligned(a: Evaluation, b: Evaluation) -> Evaluation:
    if sorted(a.query_ids) != sorted(b.query_ids):
        raise ConfigError(
            f"The two runs answered different queries ({len(a.query_ids)} and {len(b.query_ids)}); only runs "
            "of the same queries can be compared."
        )
    place_of = {query_id: place for place, query_id in enumerate(b.query_ids)}
    places = [place_of[query_id] for query_id in a.query_ids]
    return Evaluation(a.query_ids, {name: values[places] for name, values in b.values.items()})


def _metric(
    a: np.ndarray[tuple[int], np.dtype[np.float64]],
    b: np.ndarray[tuple[int], np.dtype[np.float64]],
    *,
    seed: int,
    t_test: bool,
) -> MetricComparison:
    change = b - a
    wins, losses = int(np.count_nonzero(change > _EQUAL)), int(np.count_nonzero(change < -_EQUAL))
    return MetricComparison(
        a=float(a.mean()),
        b=float(b.mean()),
        difference=float(change.mean()),
        interval=bootstrap_interval(change, seed),
        p=randomisation_p(change, seed),
        t_test=t_test_p(change) if t_test else None,
        wins=wins,
        ties=len(change) - wins - losses,
        losses=losses,
    )


def _queries(a: Evaluation, b: Evaluation, places: Sequence[int]) -> tuple[QueryComparison, ...]:
    return tuple(
        QueryComparison(
            a.query_ids[place],
            *({name: float(values[place]) for name, values in each.values.items()} for each in (a, b)),
        )
        for place in places
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return round(value, 6) if isinstance(value, float) else value
