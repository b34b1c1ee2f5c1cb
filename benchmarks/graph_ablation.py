"""What the knowledge graph does for the ranking: all of it, each way of using it, query by query.

Everything else stays equal. Written to benchmarks/results/ as JSON (query ids and kinds of entities only, no
text of a shop). Broad queries, whose words many products hold, and narrow ones are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.judged import parse
from engine.deadline import Deadline
from engine.pipeline import Pipeline
from engine.request import RetrievalSpec, SearchRequest, Source
from engine.stages.expand import ExpansionMode, ExpansionSpec
from index_builder.evaluate import DEPTH, Evaluation, Run, measure
from index_builder.judgements import Judgements
from index_builder.significance import randomisation_p

OFF = SearchRequest(
    "",
    expansion=ExpansionSpec(ExpansionMode.DISABLED),
    retrieval=RetrievalSpec(frozenset({Source.GRAPH})),
)
WAYS: Mapping[str, SearchRequest] = {
    "without the graph": OFF,
    "with the graph": SearchRequest(""),
    "without its words": SearchRequest("", expansion=ExpansionSpec(lexical_terms=False)),
    "without its candidates": SearchRequest("", expansion=ExpansionSpec(candidates=False)),
    "without its scores": SearchRequest("", expansion=ExpansionSpec(scores=False)),
    "and a shifted embedding": SearchRequest("", expansion=ExpansionSpec(shifted_vector=True)),
    "and synonyms for the reranker": SearchRequest("", expansion=ExpansionSpec(rerank_text=True)),
}
BASE, FULL = "without the graph", "with the graph"
_SHOWN = ("ndcg@10", "judged_ndcg@10", "judged@10", "recall@100")


@dataclass(frozen=True, slots=True)
class QueryChange:
    """One query: figures without and with the graph, how many products hold all of its words, what it was
    linked to (kind of entity, relations walked), and whether the guard kept expansions out.
    """

    query_id: str
    products_with_its_words: int
    linked: tuple[str, ...]
    ways: tuple[str, ...]
    before: Mapping[str, float]
    after: Mapping[str, float]


def main() -> None:
    judged = parse("graph", "graph_ablation", __doc__)
    with judged.opened() as opened:
        content = {"generation": opened.generation.id, **ablate(opened.pipeline, judged.judgements)}
    judged.keep(content, _means(content), _queries(content))


def ablate(pipeline: Pipeline, judgements: Judgements) -> dict[str, Any]:
    """The JSON object: means of each way, tests against the base, broad and narrow queries, every query."""
    measured = {
        name: measure(_run(pipeline, judgements, request), judgements) for name, request in WAYS.items()
    }
    changes = _changes(pipeline, judgements, measured[BASE], measured[FULL])
    middle = median(change.products_with_its_words for change in changes)
    return {
        "queries": len(judgements.queries),
        "ways": {name: each.means for name, each in measured.items()},
        "p": {
            name: {metric: _p_value(each, measured[BASE], metric) for metric in _SHOWN}
            for name, each in measured.items()
            if name != BASE
        },
        "broad": _mean_of([each for each in changes if each.products_with_its_words > middle]),
        "narrow": _mean_of([each for each in changes if each.products_with_its_words <= middle]),
        "changes": [asdict(change) for change in changes],
    }


def _run(pipeline: Pipeline, judgements: Judgements, request: SearchRequest) -> Run:
    run: dict[str, dict[str, float]] = {}
    for query_id, query in judgements.queries.items():
        asked = SearchRequest(
            query, page_size=DEPTH, expansion=request.expansion, retrieval=request.retrieval
        )
        hits = pipeline.search(asked, Deadline.none()).hits
        run[query_id] = {str(hit.product.id): float(DEPTH + 1 - hit.rank) for hit in hits}
    return run


def _changes(
    pipeline: Pipeline, judgements: Judgements, before: Evaluation, after: Evaluation
) -> list[QueryChange]:
    places = {query_id: place for place, query_id in enumerate(before.query_ids)}
    changes = []
    for query_id, query in judgements.queries.items():
        understanding = pipeline.stages.understand(query)
        expansions = pipeline.stages.expand(understanding, ExpansionSpec())
        held = pipeline.stages.compare.lexical.held(understanding.tokens, _every_row(pipeline))
        figures = [
            {metric: round(float(each.values[metric][places[query_id]]), 4) for metric in _SHOWN}
            for each in (before, after)
        ]
        changes.append(
            QueryChange(
                query_id,
                int(np.count_nonzero(held.min(axis=0) >= 1)),
                tuple(sorted({str(each.entity.kind) for each in expansions if not each.path})),
                tuple(
                    sorted({" > ".join(edge.relation for edge in each.path) for each in expansions} - {""})
                ),
                figures[0],
                figures[1],
            )
        )
    return changes


def _every_row(pipeline: Pipeline) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(pipeline.stages.expand.graph.product_total, dtype=np.int64)


def _p_value(one: Evaluation, other: Evaluation, metric: str) -> float:
    return round(randomisation_p(one.values[metric] - other.values[metric]), 4)


def _mean_of(changes: list[QueryChange]) -> dict[str, Any]:
    return {
        "queries": len(changes),
        **{
            when: {
                metric: round(float(np.mean([getattr(each, when)[metric] for each in changes])), 4)
                for metric in _SHOWN
            }
            for when in ("before", "after")
        },
    }


def _means(content: Mapping[str, Any]) -> Table:
    shown = Table(title=f"{content['queries']} judged queries; p: paired randomisation, against no graph")
    shown.add_column("ranking")
    for metric in _SHOWN:
        shown.add_column(metric, justify="right")
    for name, figures in content["ways"].items():
        p = content["p"].get(name)
        cells = [f"{figures[metric]:.3f}" + (f" (p {p[metric]:.2f})" if p else "") for metric in _SHOWN]
        shown.add_row(name, *cells)
    for group in ("broad", "narrow"):
        for when in ("before", "after"):
            cells = [f"{content[group][when][metric]:.3f}" for metric in _SHOWN]
            shown.add_row(f"{group} queries ({content[group]['queries']}), {when}", *cells)
    return shown


def _queries(content: Mapping[str, Any]) -> Table:
    """Those that gained or lost."""
    shown = Table(title="queries that the graph changed, without -> with")
    for column in ("query", "products", "linked to", *_SHOWN):
        shown.add_column(column)
    for change in content["changes"]:
        before, after = change["before"], change["after"]
        if any(abs(before[metric] - after[metric]) >= 0.01 for metric in _SHOWN):
            cells = [f"{before[metric]:.2f} -> {after[metric]:.2f}" for metric in _SHOWN]
            count = str(change["products_with_its_words"])
            shown.add_row(change["query_id"], count, ", ".join(change["linked"]), *cells)
    return shown


if __name__ == "__main__":
    main()
