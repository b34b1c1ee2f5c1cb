"""Weights of a score's parts that a generation brings with it, in the whole pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backends.fusion_weights import FUSION, PART_FOLDER, FusionWeights
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.errors import DamagedGenerationError
from engine.pipeline import Pipeline
from engine.plan import RankingSettings
from engine.request import SearchRequest
from engine.types import ProductId
from index_builder.train.fusion.collect import collect, unweighted
from index_builder.train.fusion.figures import ranking
from index_builder.train.fusion.graded_list import PARTS
from index_builder.train.fusion.learn import fit_fusion
from index_builder.train.queries.query import Origin, TrainingQuery
from tests.conftest import Sample
from tests.integration.searching import ALL, search
from tests.small_shop import active_generation, link_generation

LEARNED = FusionWeights(
    learned=True,
    reason="",
    queries=60,
    weights={"lexical": 1.0, "dense": 8.0, "graph_kind": 0.9, "prior": 0.3},
)


@contextmanager
def opened_with(data: Path, small_data: Path, weights: FusionWeights, **flags: Any) -> Iterator[Pipeline]:
    generation = link_generation(active_generation(small_data), data)
    weights.write(generation.part(PART_FOLDER))
    opened = open_generation(generation, ServeSettings(data=data, threads=1, **flags))
    try:
        yield opened.pipeline
    finally:
        opened.close()


def test_learned_weights_rank_and_every_part_is_explained(tmp_path: Path, small_data: Path) -> None:
    with opened_with(tmp_path, small_data, LEARNED) as pipeline:
        result = search(pipeline, SearchRequest("coffee machine", explain=True, page_size=ALL))

        assert pipeline.settings == RankingSettings().weighing(LEARNED.weights)
        assert result.hits
        for hit in result.hits:
            assert hit.explanation is not None
            values = {part.name: part for part in hit.explanation.parts}
            assert sum(part.value for part in values.values()) == pytest.approx(hit.score, abs=1e-6)
            if values["dense"].source_score > 0:
                cosine = np.array([values["dense"].source_score], np.float32)
                closeness = float(pipeline.stages.compare.scale.closeness(cosine)[0])
                assert values["dense"].value == pytest.approx(8 * closeness, abs=1e-2)
        assert any(
            "prior" in {part.name for part in hit.explanation.parts} for hit in result.hits if hit.explanation
        )


def test_weights_that_did_not_win_do_not_rank(tmp_path: Path, small_data: Path) -> None:
    lost = FusionWeights(learned=False, reason="Nothing gained.", queries=60, weights={"dense": 8.0})

    with opened_with(tmp_path, small_data, lost) as pipeline:
        assert pipeline.settings == RankingSettings()


def test_a_weight_that_the_user_gives_wins(tmp_path: Path, small_data: Path) -> None:
    with opened_with(tmp_path, small_data, LEARNED, kind_weight=2.5) as pipeline:
        assert (pipeline.settings.kind, pipeline.settings.dense) == (2.5, 8.0)


def test_a_damaged_file_is_refused(tmp_path: Path, small_data: Path) -> None:
    generation = link_generation(active_generation(small_data), tmp_path)
    (folder := generation.part(PART_FOLDER)).mkdir()
    (folder / FUSION).write_text("{")

    with pytest.raises(DamagedGenerationError, match=FUSION):
        open_generation(generation, ServeSettings(data=tmp_path, threads=1))


def judged(sample: Sample) -> list[TrainingQuery]:
    row_of = {product_id: row for row, product_id in enumerate(sample.product_ids)}
    queries = []
    for query_id, text in sample.judgements.queries.items():
        rated = {row_of[each]: rating / 3 for each, rating in sample.judgements.ratings[query_id].items()}
        rows, grades = np.array(list(rated), np.int64), np.array(list(rated.values()), np.float32)
        queries.append(TrainingQuery(text, rows, grades, np.sort(rows), Origin.JUDGEMENTS))
    return queries


def test_collected_parts_under_the_weights_set_by_hand_rank_as_the_engine_does(
    sample_pipeline: Pipeline, sample: Sample
) -> None:
    settings, queries = sample_pipeline.settings, judged(sample)[::8]
    by_hand = np.array([settings.weights[part] for part in PARTS])
    deep, shown = unweighted(sample_pipeline)

    lists = collect(deep, shown, queries, [ProductId(each) for each in sample.product_ids])

    for query, found in zip(queries, lists, strict=True):
        hits = sample_pipeline.search(SearchRequest(query.text, page_size=ALL), Deadline.none()).hits
        order = ranking(found.parts, by_hand, settings.rerank_depth)
        scores = (found.parts @ by_hand)[order[: settings.rerank_depth]]
        assert len(hits) == len(order)
        assert [hit.score for hit in hits[: settings.rerank_depth]] == pytest.approx(
            scores.tolist(), abs=1e-3
        )


def test_few_judgements_and_queries_composed_from_the_graph_teach_nothing(
    sample_pipeline: Pipeline, sample: Sample
) -> None:
    ids = [ProductId(each) for each in sample.product_ids]
    few = judged(sample)
    composed = [replace(query, origin=Origin.GRAPH) for query in few * 3]

    report = fit_fusion(sample_pipeline, [*few, *composed], ids)

    assert not report.weights.learned
    assert report.weights.reason.startswith(f"There are {len(few)} queries with grades")
