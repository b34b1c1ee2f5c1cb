"""Which generations are activated when an operator says how much worse one may rank."""

from datetime import UTC, datetime

import pytest

from engine.errors import RelevanceGateError
from engine.manifest import Manifest
from engine.relevance_gate import check_relevance


def measured(generation_id: str, **figures: float) -> Manifest:
    """`ndcg` and `recall` as a build would have measured them."""
    names = {"ndcg": "ndcg@10", "recall": "recall@100", "mrr": "mrr"}
    evaluation = {names[name]: value for name, value in figures.items()}
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Manifest(generation_id, made, "0.1", 4, 3, 2, 10, 0.97, {}, {}, {}, evaluation)


SERVING = measured("g-1", ndcg=0.8, recall=0.9)


@pytest.mark.parametrize(
    "figures", [{"ndcg": 0.8, "recall": 0.9}, {"ndcg": 0.9, "recall": 1.0}, {"ndcg": 0.76, "recall": 0.855}]
)
def test_one_that_ranks_as_well_as_asked_passes(figures: dict[str, float]) -> None:
    """.95 x .8 = .76, and .95 x .9 = .855."""
    assert check_relevance(measured("g-2", **figures), SERVING, 0.95) == ""


@pytest.mark.parametrize(
    ("figures", "named"),
    [
        ({"ndcg": 0.75, "recall": 0.9}, "ndcg@10 0.7500, less than 0.95 of the 0.8000 of g-1"),
        ({"ndcg": 0.9, "recall": 0.85}, "recall@100 0.8500, less than 0.95 of the 0.9000 of g-1"),
    ],
)
def test_one_that_ranks_worse_in_either_figure_is_refused_with_both_values(
    figures: dict[str, float], named: str
) -> None:
    with pytest.raises(RelevanceGateError, match=f"Generation g-2 has {named}") as caught:
        check_relevance(measured("g-2", **figures), SERVING, 0.95)

    assert caught.value.metadata.keys() == {
        *("generation", "metric", "value", "serving_generation", "serving", "ratio")
    }


def test_one_that_was_not_measured_is_refused_where_the_serving_one_was() -> None:
    with pytest.raises(RelevanceGateError, match=r"g-2 was built without judgements, .* g-1, .* 0\.8000"):
        check_relevance(measured("g-2"), SERVING, 0.95)


def test_nothing_is_compared_with_one_that_was_not_measured_and_that_is_told() -> None:
    told = check_relevance(measured("g-2", ndcg=0.1), measured("g-1", mrr=0.5), 0.95)

    assert told == "Generation g-1, which serves, has no figures: the gate lets all through."


def test_only_figures_that_the_serving_one_has_are_compared() -> None:
    assert check_relevance(measured("g-2", ndcg=0.8, recall=0.1), measured("g-1", ndcg=0.8), 0.95) == ""


def test_without_a_gate_everything_passes_and_the_serving_one_always_does() -> None:
    assert check_relevance(measured("g-2"), SERVING, 0) == ""
    assert check_relevance(SERVING, SERVING, 2) == ""


def test_a_serving_figure_of_nothing_is_reached_by_nothing() -> None:
    assert check_relevance(measured("g-2", ndcg=0.0), measured("g-1", ndcg=0.0), 0.95) == ""
