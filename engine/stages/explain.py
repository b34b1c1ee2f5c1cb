"""Stage 7: why a product is where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.stages.fuse import Scored
from engine.types import Candidates, RowArray


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One addend of a score. `source_rank` counts from 1, 0 where the part does not rank."""

    name: str
    value: float
    source_rank: int = 0
    source_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """The parts sum to the hit's score (within 1e-6); paths and past queries say what led here."""

    parts: tuple[ScorePart, ...]
    graph_paths: tuple[str, ...] = ()
    past_queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the stages before have left: each source's own list (the reranker's too) and the stories that
    led to each row of the page.
    """

    sources: Mapping[str, Candidates]
    graph_paths: Mapping[int, Sequence[str]]
    past_queries: Mapping[int, Sequence[str]]


def explain(scored: Scored, page: RowArray, evidence: Evidence) -> list[Explanation]:
    """One explanation for each row of the page, in its order; `page` is a part of `scored.rows`."""
    places = {int(row): place for place, row in enumerate(scored.rows)}
    ranks = {
        name: {int(row): rank for rank, row in enumerate(found.rows.tolist())}
        for name, found in evidence.sources.items()
    }
    return [
        Explanation(
            _parts(int(row), places[int(row)], scored, evidence.sources, ranks),
            tuple(evidence.graph_paths.get(int(row), ())),
            tuple(evidence.past_queries.get(int(row), ())),
        )
        for row in page
    ]


def _parts(
    row: int,
    place: int,
    scored: Scored,
    sources: Mapping[str, Candidates],
    ranks: Mapping[str, Mapping[int, int]],
) -> tuple[ScorePart, ...]:
    parts = []
    for name, values in scored.parts.items():
        value = float(values[place])
        index = ranks.get(name, {}).get(row)
        if index is not None:
            parts.append(ScorePart(name, value, index + 1, float(sources[name].scores[index])))
        elif not np.isclose(value, 0.0, atol=1e-12):
            parts.append(ScorePart(name, value))
    return tuple(parts)
