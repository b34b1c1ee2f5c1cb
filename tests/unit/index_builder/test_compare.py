"""Two rankings, query by query: signs, counts, order of the queries, and runs that cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.errors import ConfigError
from index_builder.compare import SHOWN, compare
from index_builder.evaluate import METRICS, Evaluation


def run(ids: str, ndcg: Sequence[float], recall: Sequence[float] | None = None) -> Evaluation:
    """A run of the queries whose ids are the letters of `ids`; metrics not given are 0."""
    values = {name: np.zeros(len(ids)) for name in METRICS}
    values["ndcg@10"] = np.array(ndcg, np.float64)
    values["recall@100"] = np.array(ndcg if recall is None else recall, np.float64)
    return Evaluation(tuple(ids), values)


def test_the_difference_is_what_b_gains_over_a() -> None:
    found = compare(run("pqrs", [0.2, 0.4, 0.6, 0.8]), run("pqrs", [0.3, 0.6, 0.9, 0.8])).metrics["ndcg@10"]

    assert found.a == pytest.approx(2 / 4)
    assert found.b == pytest.approx(2.6 / 4)
    assert found.difference == pytest.approx((0.1 + 0.2 + 0.3 + 0.0) / 4)
    assert found.interval[0] <= found.difference <= found.interval[1]
    assert (found.wins, found.ties, found.losses) == (3, 1, 0)
    assert found.p == 2 / 8  # of the signs of three differences, all + and all - are as far
    assert found.t_test is None


def test_every_metric_is_compared() -> None:
    found = compare(run("pq", [0.5, 0.5], [0.2, 0.2]), run("pq", [0.5, 0.5], [0.4, 0.0]), t_test=True)

    assert list(found.metrics) == list(METRICS)
    assert found.metrics["ndcg@10"].p == found.metrics["ndcg@10"].t_test == 1.0
    recall = found.metrics["recall@100"]
    assert (recall.difference, recall.wins, recall.losses, recall.p) == (0.0, 1, 1, 1.0)


def test_a_run_against_itself_differs_nowhere() -> None:
    same = run("pqr", [0.1, 0.2, 0.3])
    found = compare(same, same)

    for each in found.metrics.values():
        assert (each.difference, each.interval, each.p, each.ties) == (0.0, (0.0, 0.0), 1.0, 3)
    assert found.gained == found.lost == ()


def test_queries_are_paired_by_id_not_by_place() -> None:
    found = compare(run("pqr", [0.1, 0.2, 0.3]), run("rpq", [0.3, 0.1, 0.2]))

    assert found.metrics["ndcg@10"].ties == 3


def test_turning_the_runs_round_turns_the_signs_round() -> None:
    a, b = run("pqr", [0.1, 0.5, 0.3]), run("pqr", [0.4, 0.4, 0.9])
    there, back = compare(a, b).metrics["ndcg@10"], compare(b, a).metrics["ndcg@10"]

    assert there.difference == -back.difference
    assert there.p == back.p
    assert (there.wins, there.losses) == (back.losses, back.wins)


def test_the_queries_that_moved_furthest_come_first_and_ties_by_id() -> None:
    found = compare(run("pqrst", [0.5, 0.5, 0.5, 0.5, 0.5]), run("pqrst", [0.6, 0.9, 0.1, 0.5, 0.6]))

    assert [each.query_id for each in found.gained] == ["q", "p", "t"]
    assert [each.query_id for each in found.lost] == ["r"]
    assert (found.lost[0].a["ndcg@10"], found.lost[0].b["ndcg@10"]) == (0.5, 0.1)


def test_only_so_many_queries_are_listed() -> None:
    ids = "abcdefghijklmnopqrstuvwxyz"
    found = compare(run(ids, [0.0] * 26), run(ids, [1.0] * 26))

    assert (len(found.gained), len(found.lost)) == (SHOWN, 0)


def test_runs_of_different_queries_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"different queries \(2 and 3\)"):
        compare(run("pq", [0, 0]), run("pqr", [0, 0, 0]))


def test_as_json_it_keeps_small_p() -> None:
    ids = "abcdefghijklmnopqrstuvwxyz"
    told = compare(run(ids, [0.0] * 26), run(ids, [1.0] * 26)).to_json()

    assert told["metrics"]["ndcg@10"]["p"] == 0.00001  # 1 / 100,001
    assert told["metrics"]["ndcg@10"]["interval"] == [1.0, 1.0]
    assert told["gained"][0] == {
        "query_id": "a",
        "a": {"ndcg@10": 0.0, "judged_ndcg@10": 0.0, "judged@10": 0.0, "recall@100": 0.0, "mrr": 0.0},
        "b": {"ndcg@10": 1.0, "judged_ndcg@10": 0.0, "judged@10": 0.0, "recall@100": 1.0, "mrr": 0.0},
    }


def test_folds_are_pooled_query_by_query() -> None:
    pooled = Evaluation.pooled([run("pq", [0.1, 0.2]), run("rs", [0.3, 0.4])])

    assert pooled.query_ids == ("p", "q", "r", "s")
    assert pooled.values["ndcg@10"].tolist() == [0.1, 0.2, 0.3, 0.4]


def test_seeds_are_pooled_into_one_figure_a_query() -> None:
    pooled = Evaluation.pooled([run("pq", [0.0, 0.2]), run("qp", [0.6, 1.0])])

    assert pooled.query_ids == ("p", "q")
    assert pooled.values["ndcg@10"].tolist() == [(0.0 + 1.0) / 2, (0.2 + 0.6) / 2]
