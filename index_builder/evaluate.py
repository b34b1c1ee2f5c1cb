"""How good the ranking is, on judged queries, as a whole and stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, Judged, R, nDCG
from rich.table import Table

from engine.deadline import Deadline
from engine.request import RerankSpec, RetrievalSpec, SearchRequest, SearchResult, Source
from engine.stages.expand import ExpansionMode, ExpansionSpec
from index_builder.judgements import Judgements
from index_builder.significance import bootstrap_interval
from index_builder.unseen import seen_by

METRICS = {
    "ndcg@10": nDCG @ 10,
    "judged_ndcg@10": nDCG(judged_only=True) @ 10,
    "judged@10": Judged @ 10,
    "recall@100": R @ 100,
    "mrr": RR,
}
"""Keys of the JSON, stable; nDCG counts unjudged products as 0, judged-only nDCG leaves them out first."""

DEPTH = 1_000
"""Products of a run, as is usual (TREC): judged-only nDCG looks for judged products wherever they stand."""


class Ablation(StrEnum):
    """What ranks; each later one adds to the one before it, `FULL` is what shoppers get."""

    LEXICAL = "lexical"
    DENSE = "dense"
    FUSED = "fused"
    GRAPH = "graph"
    FULL = "full"

    def request(self, query: str) -> SearchRequest:
        disabled = {
            Ablation.LEXICAL: {Source.DENSE, Source.GRAPH, Source.PAST_QUERIES},
            Ablation.DENSE: {Source.LEXICAL, Source.GRAPH, Source.PAST_QUERIES},
            Ablation.FUSED: {Source.GRAPH},
        }.get(self, set())
        expands = self in (Ablation.GRAPH, Ablation.FULL)
        return SearchRequest(
            query,
            page_size=DEPTH,
            retrieval=RetrievalSpec(frozenset(disabled)),
            expansion=ExpansionSpec(ExpansionMode.AUTO if expands else ExpansionMode.DISABLED),
            rerank=RerankSpec(enabled=self is Ablation.FULL),
        )


Run = Mapping[str, Mapping[str, float]]
"""Score by query id, then product id; the order of a query's products is its ranking."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Per-query figures of one run, float64, in the order of `query_ids`."""

    query_ids: tuple[str, ...]
    values: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]]

    @property
    def means(self) -> dict[str, float]:
        return {name: round(float(values.mean()), 4) for name, values in self.values.items()}

    def confidence(self, seed: int = 0) -> dict[str, tuple[float, float]]:
        """95% intervals over queries, by bootstrap."""
        return {name: _rounded(bootstrap_interval(values, seed)) for name, values in self.values.items()}

    @classmethod
    def pooled(cls, evaluations: Sequence[Evaluation]) -> Evaluation:
        """Of several runs that count as one: folds, each with queries of its own, or seeds. A query that
        several runs answered counts once, with its mean: counting it more often would make chance look rare.
        """
        places: dict[str, list[tuple[int, int]]] = {}
        for number, each in enumerate(evaluations):
            for place, query_id in enumerate(each.query_ids):
                places.setdefault(query_id, []).append((number, place))
        return cls(
            tuple(places),
            {
                name: np.array(
                    [
                        np.mean([evaluations[number].values[name][place] for number, place in found])
                        for found in places.values()
                    ]
                )
                for name in (evaluations[0].values if evaluations else ())
            },
        )


def _rounded(interval: tuple[float, float]) -> tuple[float, float]:
    return round(interval[0], 4), round(interval[1], 4)


def run_queries(
    search: Callable[[SearchRequest, Deadline], SearchResult], judgements: Judgements, ablation: Ablation
) -> Run:
    """The ranking of every judged query, as deep as the engine ranks."""
    run: dict[str, dict[str, float]] = {}
    for query_id, query in judgements.queries.items():
        result = search(ablation.request(query), Deadline.none())
        # Metrics sort by score: ranks stand in for scores, so that ties keep the order shoppers see.
        run[query_id] = {str(hit.product.id): float(DEPTH + 1 - hit.rank) for hit in result.hits}
    return run


def measure(run: Run, judgements: Judgements, *, exponential: bool = False) -> Evaluation:
    """A query that found nothing counts 0."""
    gains = judgements.gains(exponential=exponential)
    query_ids = tuple(judgements.queries)
    found = {query_id: dict(run[query_id]) for query_id in query_ids if run.get(query_id)}
    values = {name: dict.fromkeys(query_ids, 0.0) for name in METRICS}
    names = {str(measure): name for name, measure in METRICS.items()}
    for metric in ir_measures.iter_calc(list(METRICS.values()), gains, found):
        values[names[str(metric.measure)]][metric.query_id] = metric.value
    return Evaluation(
        query_ids, {name: np.array(list(by_query.values())) for name, by_query in values.items()}
    )


def evaluate(
    search: Callable[[SearchRequest, Deadline], SearchResult],
    judgements: Judgements,
    *,
    ablate: bool,
    exponential: bool = False,
    runs_folder: Path | None = None,
    seen: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The JSON object of `index_builder evaluate`; runs are written in TREC format when a folder is given.
    `seen` says how many of the queries a model learned from, by the model's name (`unseen.seen_queries`).
    """
    report: dict[str, Any] = {
        "queries": len(judgements.queries),
        "in_sample": bool(seen),
        "seen": dict(seen or {}),
        "runs": {},
        "ci": {},
    }
    for ablation in reversed(Ablation) if ablate else [Ablation.FULL]:
        run = run_queries(search, judgements, ablation)
        measured = measure(run, judgements, exponential=exponential)
        report["runs"][ablation.value] = measured.means
        report["ci"][ablation.value] = measured.confidence()
        if runs_folder is not None:
            write_trec(run, runs_folder / f"{ablation.value}.trec", ablation.value)
    return report


def write_trec(run: Run, path: Path, tag: str) -> None:
    """TREC's run format: query_id Q0 product_id rank score tag."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{query_id} Q0 {product_id} {rank} {score:g} {tag}\n"
        for query_id, products in run.items()
        for rank, (product_id, score) in enumerate(products.items(), start=1)
    ]
    path.write_text("".join(lines), encoding="utf-8")


def table(report: Mapping[str, Any]) -> Table:
    """For people: each figure with its 95% interval below it."""
    shown = Table(title=f"{report['queries']} judged queries, 95% intervals over queries{seen_by(report)}")
    shown.add_column("run")
    for metric in METRICS:
        shown.add_column(metric, justify="right")
    for run, figures in report["runs"].items():
        intervals = report["ci"][run]
        cells = [
            f"{figures[metric]:.3f}\n{intervals[metric][0]:.2f}–{intervals[metric][1]:.2f}"
            for metric in METRICS
        ]
        shown.add_row(run, *cells)
    return shown
