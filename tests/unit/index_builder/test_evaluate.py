"""Figures are checked against their definitions, written out."""

from math import log2
from pathlib import Path

import pytest

from engine.errors import DataError
from index_builder.evaluate import measure, write_trec
from index_builder.judgements import Judgements


@pytest.fixture
def judgements() -> Judgements:
    return Judgements({"q1": "ink"}, {"q1": {"a": 3.0, "b": 1.0, "c": 0.0}})


def run(*products: str) -> dict[str, dict[str, float]]:
    return {"q1": {product: 100.0 - place for place, product in enumerate(products)}}


def test_figures_of_a_known_ranking(judgements: Judgements) -> None:
    measured = measure(run("x", "b", "c", "a"), judgements).means

    ideal = 3 / log2(2) + 1 / log2(3)
    assert measured["ndcg@10"] == pytest.approx((1 / log2(3) + 3 / log2(5)) / ideal, abs=1e-4)
    assert measured["judged_ndcg@10"] == pytest.approx((1 / log2(2) + 3 / log2(4)) / ideal, abs=1e-4)
    assert measured["judged@10"] == 3 / 4  # of the products that were found
    assert measured["recall@100"] == 1.0
    assert measured["mrr"] == 1 / 2


def test_exponential_gain_favours_the_exact_product(judgements: Judgements) -> None:
    measured = measure(run("b", "a"), judgements, exponential=True).means

    ideal = 7 / log2(2) + 1 / log2(3)
    assert measured["ndcg@10"] == pytest.approx((1 / log2(2) + 7 / log2(3)) / ideal, abs=1e-4)


def test_fractional_ratings_count_as_their_ratio_says() -> None:
    fractional = Judgements({"q1": "ink"}, {"q1": {"a": 0.75, "b": 0.25, "c": 0.0}})
    whole = Judgements({"q1": "ink"}, {"q1": {"a": 3.0, "b": 1.0, "c": 0.0}})

    assert measure(run("b", "a"), fractional).means == measure(run("b", "a"), whole).means


def test_a_query_that_found_nothing_counts_zero() -> None:
    both = Judgements({"q1": "ink", "q2": "pen"}, {"q1": {"a": 1.0}, "q2": {"b": 1.0}})

    assert measure(run("a"), both).means["ndcg@10"] == 0.5


def test_confidence_intervals_hold_the_mean_and_repeat() -> None:
    many = Judgements({f"q{i}": "x" for i in range(30)}, {f"q{i}": {"a": 1.0} for i in range(30)})
    found = {f"q{i}": {"a": 1.0} if i % 3 else {"b": 1.0} for i in range(30)}
    measured = measure(found, many)

    low, high = measured.confidence()["ndcg@10"]

    assert low < measured.means["ndcg@10"] < high
    assert measured.confidence() == measured.confidence()


def test_queries_without_a_relevant_product_or_a_text_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("query_id\tquery\nq1\tink\nq2\tpen\n")
    (tmp_path / "r.tsv").write_text("query_id\tproduct_id\trating\nq1\ta\t2\nq2\tb\t0\nq3\tc\t3\n")

    read = Judgements.read(tmp_path / "q.tsv", tmp_path / "r.tsv")

    assert read.queries == {"q1": "ink"}


def test_trec_judgements_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("1\tblack ink\n")
    (tmp_path / "r.txt").write_text("1 0 a 0.5\n1 0 b 0\n")

    read = Judgements.read(tmp_path / "q.tsv", tmp_path / "r.txt")

    assert read.ratings == {"1": {"a": 0.5, "b": 0.0}}


@pytest.mark.parametrize(
    ("queries", "qrels", "problem"),
    [
        ("q1\n", "q1\ta\t1\n", r"q\.tsv:1: expected query_id"),
        ("q1\tink\n", "q1\ta\tgood\n", r"r\.tsv:1: the rating 'good' is not a number"),
        ("q1\tink\n", "q1\ta\tnan\n", r"r\.tsv:1: the rating 'nan' is not finite"),
        ("q1\tink\n", "query_id\tproduct_id\trating\nq1\ta\n", r"r\.tsv:2: .*found 2 columns"),
        ("q1\tink\n", "q9\ta\t1\n", "do the ids agree"),
    ],
)
def test_wrong_files_are_named_with_their_line(
    tmp_path: Path, queries: str, qrels: str, problem: str
) -> None:
    (tmp_path / "q.tsv").write_text(queries)
    (tmp_path / "r.tsv").write_text(qrels)

    with pytest.raises(DataError, match=problem):
        Judgements.read(tmp_path / "q.tsv", tmp_path / "r.tsv")


def test_runs_are_written_in_trec_format(tmp_path: Path) -> None:
    write_trec(run("x", "b"), tmp_path / "runs" / "full.trec", "full")

    assert (tmp_path / "runs" / "full.trec").read_text() == "q1 Q0 x 1 100 full\nq1 Q0 b 2 99 full\n"
