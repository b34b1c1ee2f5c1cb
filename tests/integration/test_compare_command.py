"""`evaluate --compare` and the refusal of queries that a model learned from, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.generation import DataFolder
from index_builder.judgements import read_queries
from index_builder.train.cards.model_card import UNKNOWN, CardKind, CardSource, ModelCard
from index_builder.train.cards.query_hashes import query_hashes
from index_builder.train.queries.query import Origin
from tests.integration.commands import Outcome, typed
from tests.small_shop import SmallShop, active_generation, link_generation

METRICS = ["ndcg@10", "judged_ndcg@10", "judged@10", "recall@100", "mrr"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, small_shop: SmallShop, small_data: Path) -> Path:
    """The small shop with an encoder whose card lists its judged queries, in other spellings."""
    data = tmp_path_factory.mktemp("trained") / "data"
    generation = link_generation(active_generation(small_data), data)
    DataFolder(data).activate(generation.id)
    spellings = [text.upper() + "!" for text in read_queries(small_shop.queries).values()]
    source = CardSource(Origin.JUDGEMENTS, len(spellings), query_hashes=query_hashes(spellings))
    ModelCard(CardKind.ENCODER, "tiny-bert", UNKNOWN, (source,)).write(generation.part("encoder"))
    return data


def evaluate(data: Path, shop: SmallShop, *more: str) -> Outcome:
    judged = ("--queries", str(shop.queries), "--qrels", str(shop.qrels))
    return typed("index_builder", "evaluate", "--data", str(data), *judged, *more)


def test_two_stages_of_one_generation_are_compared(small_data: Path, small_shop: SmallShop) -> None:
    outcome = evaluate(small_data, small_shop, "--compare", "dense", "active@full", "--t-test", "--json")

    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    generation = active_generation(small_data)
    assert report["a"] == {"name": "dense", "generation": generation.id, "stage": "dense"}
    assert report["b"] == {"name": "active@full", "generation": generation.id, "stage": "full"}
    assert report["in_sample"] is False
    assert list(report["metrics"]) == METRICS
    for name, each in report["metrics"].items():
        assert each["difference"] == pytest.approx(each["b"] - each["a"], abs=2e-6)
        assert each["b"] == pytest.approx(generation.manifest.evaluation[name], abs=1e-4)
        assert each["wins"] + each["ties"] + each["losses"] == report["queries"]
        assert 0 < each["p"] <= 1
        assert 0 <= each["t_test"] <= 1
    for change in report["gained"]:
        assert change["b"]["ndcg@10"] > change["a"]["ndcg@10"]


def test_people_see_both_sides_and_the_queries_by_name(small_data: Path, small_shop: SmallShop) -> None:
    generation = active_generation(small_data)
    outcome = evaluate(small_data, small_shop, "--compare", "lexical", generation.id)

    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[:2] == [f"A  {generation.id}, lexical", f"B  {generation.id}, full"]
    for metric in METRICS:
        assert any(line.startswith(f"{metric} ") for line in lines)
    texts = read_queries(small_shop.queries).values()
    assert any(line.startswith(text) for line in lines for text in texts)


def test_queries_that_a_model_learned_from_are_refused(trained: Path, small_shop: SmallShop) -> None:
    for more in ((), ("--compare", "dense", "full")):
        sentence = evaluate(trained, small_shop, *more).sentence()

        assert "the encoder learned from" in sentence
        assert "--in-sample" in sentence


def test_in_sample_they_are_measured_and_the_report_admits_it(trained: Path, small_shop: SmallShop) -> None:
    as_json = evaluate(trained, small_shop, "--in-sample", "--json")
    for_people = evaluate(trained, small_shop, "--in-sample")

    report = json.loads(as_json.out)
    assert report["in_sample"] is True
    assert report["seen"] == {"encoder": report["queries"]}
    assert "IN SAMPLE" in for_people.out


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("--compare", "full", "gone"), "'gone' is no generation"),
        (("--compare", "full@gone", "full"), "no stage (lexical, dense, fused, graph, full)"),
        (("--compare", "full", "./no/folder"), "There is no data folder at no/folder"),
        (("--compare", "dense", "full", "--ablate"), "--ablate and --compare exclude each other"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    small_data: Path, small_shop: SmallShop, given: tuple[str, ...], problem: str
) -> None:
    assert problem in evaluate(small_data, small_shop, *given).sentence()
