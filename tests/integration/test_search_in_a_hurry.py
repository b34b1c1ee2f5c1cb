"""Deadlines, and searches side by side, on the built sample."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from engine.deadline import Deadline
from engine.errors import CancelledError, DeadlineExceededError
from engine.pipeline import Pipeline
from engine.request import (
    RetrievalSpec,
    SearchRequest,
    Source,
    Stage,
)
from engine.trace import CostEstimate, Costs
from tests.conftest import Sample
from tests.integration.searching import has_part, ids, search, stages_of


def test_searches_side_by_side_answer_as_alone(sample_pipeline: Pipeline, sample: Sample) -> None:
    """Concurrent calls share model batches; nobody's neighbours may change their ranking."""
    requests = [SearchRequest(query) for query in sample.queries[:16]]
    alone = [search(sample_pipeline, request) for request in requests]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda request: search(sample_pipeline, request), requests))

    assert [ids(result) for result in together] == [ids(result) for result in alone]
    for one, other in zip(together, alone, strict=True):
        assert [hit.score for hit in one.hits] == pytest.approx([hit.score for hit in other.hits], abs=1e-4)


def test_a_deadline_that_is_over_is_an_error(sample_pipeline: Pipeline) -> None:
    with pytest.raises(DeadlineExceededError):
        sample_pipeline.search(SearchRequest("sofa"), Deadline.after(-0.001))


def test_a_caller_who_left_is_not_served(sample_pipeline: Pipeline) -> None:
    with pytest.raises(CancelledError):
        sample_pipeline.search(SearchRequest("sofa"), Deadline.after(60, cancelled=lambda: True))


@pytest.mark.parametrize(
    ("seconds_per_pair", "how"),
    [
        # 60 s less what ran before and what comes after, so 59.x / 13 s = 4 pairs
        (13.0, "shortened from 20 to 4 products"),
        (100.0, "skipped"),
    ],
)
def test_reranking_that_does_not_fit_the_deadline_is_cut_and_said_so(
    sample_pipeline: Pipeline, seconds_per_pair: float, how: str
) -> None:
    hurried = replace(sample_pipeline, costs=Costs(pair=CostEstimate(seconds_per_pair, remembers=0)))

    result = hurried.search(SearchRequest("sofa", explain=True), Deadline.after(60))

    (degraded,) = result.degraded
    assert degraded.stage is Stage.RERANK
    assert degraded.detail == f"Reranking was {how}: no more fits before the deadline."
    reranked = [hit for hit in result.hits if hit.explanation and has_part(hit, "rerank")]
    assert len(reranked) == (4 if how.startswith("shortened") else 0)
    assert len(result.hits) == 20


def test_without_time_to_embed_words_still_answer_and_the_rest_is_named(sample_pipeline: Pipeline) -> None:
    hurried = replace(sample_pipeline, costs=Costs(encode=CostEstimate(1_000.0, remembers=0)))

    result = hurried.search(SearchRequest("velvet sofa"), Deadline.after(60))

    assert result.hits
    assert Stage.ENCODE not in stages_of(result)
    assert [degraded.detail for degraded in result.degraded if degraded.stage is Stage.RETRIEVE] == [
        "The dense source was left out: no time was left for it.",
        "The past_queries source was left out: no time was left for it.",
    ]


def test_when_no_source_fits_the_deadline_it_is_an_error(sample_pipeline: Pipeline) -> None:
    hurried = replace(sample_pipeline, costs=Costs(encode=CostEstimate(1_000.0, remembers=0)))
    only_dense = RetrievalSpec(disabled=frozenset(Source) - {Source.DENSE})

    with pytest.raises(DeadlineExceededError, match="No source could answer"):
        hurried.search(SearchRequest("sofa", retrieval=only_dense), Deadline.after(60))
