from __future__ import annotations

from typing import Any

import pytest

from benchmarks.targets import TARGETS, Measured, Target, measured

SIZE = {"index_mib": 512.0, "start_seconds": 4.0, "vector_search": {"p50_ms": 1.0}}
CALLERS = {"callers_16": {"grpc": 900.0, "grpc_p99_ms": 20.0, "in_process": 9_000.0}}


def growth(*products: int) -> dict[str, Any]:
    return {"sizes": [{**SIZE, **CALLERS, "products": count} for count in products]}


def found(results: dict[str, Any], what: str) -> Measured:
    return next(row for row in measured(results) if what in row.target.what)


def test_a_bound_is_reached_from_its_own_side() -> None:
    least, most = (
        Target("x", "k", lambda _: 0.0, least=1.5),
        Target("x", "k", lambda _: 0.0, most=5, unit="ms"),
    )

    assert (least.reached(1.5), least.reached(1.4)) == (True, False)
    assert (most.reached(5), most.reached(5.1)) == (True, False)
    assert (least.wanted, most.wanted) == ("≥ 1.5", "≤ 5 ms")


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    for row in measured({}):
        assert (row.shown, row.verdict) == ("not measured", "")


def test_a_million_counts_only_where_it_was_measured() -> None:
    small, whole = {"growth": growth(10_000)}, {"growth": growth(10_000, 1_000_000)}

    assert found(small, "vectors and links").value is None
    assert found(small, "1M / 10,000").value is None
    assert found(whole, "vectors and links").value == 0.5
    assert found(whole, "1M / 10,000").value == 1.0
    assert found(whole, "the index in process").value == 0.1
    assert found(whole, "the index in process").verdict == "missed"


def test_the_worst_bucket_of_the_filters_counts() -> None:
    bucket = {"mask": "random", "share": 1.0, "recall": 0.99, "p99_ms": 2.0}
    slow, slower = {**bucket, "share": 0.1, "p99_ms": 5.0}, {**bucket, "mask": "far", "p99_ms": 8.0}
    buckets = [bucket, slow, {**slower, "share": 0.5, "recall": 0.96}]
    results = {"filters": {"buckets": buckets}}

    assert found(results, "recall@10 under a filter").value == 0.96
    assert found(results, "p99 under a filter").value == 2.5
    assert found(results, "only the farthest").value == 4.0


def test_the_fastest_other_server_counts_and_no_library_in_process() -> None:
    def engine(kind: str, per_second: float) -> dict[str, Any]:
        return {"kind": kind, "figures": {"loads": [{"per_second": 1.0}, {"per_second": per_second}]}}

    failed = {"kind": "server", "figures": None}
    engines = {"cartograph": engine("server", 300.0), "slow": engine("server", 100.0), "gone": failed}
    library = {"library": engine("in process", 9_000.0)}

    assert found({"peers": {"peers": {**engines, **library}}}, "other server").value == 3.0
    assert found({"peers": {"peers": {"cartograph": engines["cartograph"]}}}, "other server").value is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.what)
def test_every_target_has_one_bound(target: Target) -> None:
    assert (target.least is None) != (target.most is None)
