"""Every stage of a search runs, is timed, can be switched off, and answers for its part of the score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.pipeline import Pipeline
from engine.request import (
    DiversitySpec,
    RerankSpec,
    RetrievalSpec,
    SearchRequest,
    Source,
    Stage,
)
from engine.stages.expand import ExpansionMode, ExpansionSpec
from tests.conftest import Sample
from tests.integration.searching import ALL, NO_RERANK, part_names, search, stages_of

EVERYTHING = SearchRequest(
    "black ink for printnova 2540",
    filter="price < 100",
    diversity=DiversitySpec(strength=0.3, max_per_brand=3),
    explain=True,
    skip_cache=True,
)


def test_every_stage_is_timed_in_the_order_of_the_pipeline(sample_pipeline: Pipeline) -> None:
    result = search(sample_pipeline, EVERYTHING)

    assert stages_of(result) == list(Stage)
    assert all(timing.seconds > 0 for timing in result.timings)
    assert result.degraded == ()


@pytest.mark.parametrize(
    ("request_", "stage"),
    [
        (replace(EVERYTHING, filter=""), Stage.FILTER),
        (
            replace(
                EVERYTHING, retrieval=RetrievalSpec(disabled=frozenset({Source.DENSE, Source.PAST_QUERIES}))
            ),
            Stage.ENCODE,
        ),
        (replace(EVERYTHING, rerank=NO_RERANK), Stage.RERANK),
        (replace(EVERYTHING, diversity=DiversitySpec()), Stage.DIVERSIFY),
        (replace(EVERYTHING, explain=False), Stage.EXPLAIN),
    ],
    ids=lambda value: value.value if isinstance(value, Stage) else "",
)
def test_a_stage_that_the_request_switches_off_does_not_run(
    sample_pipeline: Pipeline, request_: SearchRequest, stage: Stage
) -> None:
    result = search(sample_pipeline, request_)

    assert stages_of(result) == [each for each in Stage if each is not stage]
    assert result.hits


def test_understanding_switched_off_reads_nothing_into_the_words(sample_pipeline: Pipeline) -> None:
    info = search(sample_pipeline, SearchRequest("esspresso machine", understand=False)).expansion_info

    assert info.searched_text == "esspresso machine"
    assert (info.corrections, info.links, info.expanded) == ((), (), ())


def test_expansion_switched_off_gains_nothing_and_asks_no_graph(sample_pipeline: Pipeline) -> None:
    request = SearchRequest("couch", explain=True, page_size=ALL)
    expanded = search(sample_pipeline, request)
    plain = search(sample_pipeline, replace(request, expansion=ExpansionSpec(ExpansionMode.DISABLED)))

    assert expanded.expansion_info.expanded
    assert Source.GRAPH in part_names(expanded)
    assert plain.expansion_info.expanded == ()
    assert Source.GRAPH not in part_names(plain)


@pytest.mark.parametrize("source", list(Source))
def test_a_source_that_is_switched_off_adds_nothing(sample_pipeline: Pipeline, source: Source) -> None:
    request = SearchRequest("wireless keyboard", explain=True, page_size=ALL, rerank=NO_RERANK)
    without = search(sample_pipeline, replace(request, retrieval=RetrievalSpec(disabled=frozenset({source}))))

    assert without.hits
    assert source not in part_names(without)


@pytest.mark.parametrize(
    ("rerank", "diversity", "order_by"),
    [
        (RerankSpec(), DiversitySpec(), ""),
        (NO_RERANK, DiversitySpec(strength=0.5), ""),
        (NO_RERANK, DiversitySpec(max_per_brand=2), "price desc"),
    ],
    ids=["reranked", "spread", "capped and ordered by price"],
)
def test_the_parts_of_every_explanation_sum_to_the_score(
    sample_pipeline: Pipeline, sample: Sample, rerank: RerankSpec, diversity: DiversitySpec, order_by: str
) -> None:
    for query in sample.queries[::3]:
        result = search(
            sample_pipeline,
            SearchRequest(
                query, page_size=ALL, explain=True, rerank=rerank, diversity=diversity, order_by=order_by
            ),
        )
        assert result.hits
        for hit in result.hits:
            assert hit.explanation is not None
            total = sum(part.value for part in hit.explanation.parts)
            assert total == pytest.approx(hit.score, abs=1e-6)


def test_hits_descend_by_score_and_ranks_count_from_1(sample_pipeline: Pipeline, sample: Sample) -> None:
    for query in sample.queries[::4]:
        hits = search(sample_pipeline, SearchRequest(query, page_size=ALL, rerank=NO_RERANK)).hits
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
