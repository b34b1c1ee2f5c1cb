"""What the engine is meant to reach, and what the newest results say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Result = Mapping[str, Any]
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """`least` or `most` is what `read` has to give from the result of benchmark `kind`; it gives None where
    that result does not say.
    """

    what: str
    kind: str
    read: Callable[[Result], float | None]
    least: float | None = None
    most: float | None = None
    unit: str = ""

    @property
    def wanted(self) -> str:
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return f"{bound} {self.unit}".strip()

    def reached(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Measured:
    """`value` is None where nothing was measured."""

    target: Target
    value: float | None

    @property
    def shown(self) -> str:
        return "not measured" if self.value is None else f"{self.value:g} {self.target.unit}".strip()

    @property
    def verdict(self) -> str:
        if self.value is None:
            return ""
        return "reached" if self.target.reached(self.value) else "missed"


def measured(results: Mapping[str, Result]) -> list[Measured]:
    """`results` by kind of benchmark."""
    return [
        Measured(each, each.read(results[each.kind]) if each.kind in results else None) for each in TARGETS
    ]


def _latency(mode: str, percentile: str) -> Callable[[Result], float | None]:
    return lambda result: round(result["milliseconds"][mode]["grpc"][percentile], 1)


def _size(result: Result, products: int) -> Mapping[str, Any] | None:
    return next((each for each in result["sizes"] if each["products"] == products), None)


def _at_a_million(read: Callable[[Mapping[str, Any]], float]) -> Callable[[Result], float | None]:
    def value(result: Result) -> float | None:
        size = _size(result, MILLION)
        return None if size is None else round(read(size), 2)

    return value


def _growth(result: Result) -> float | None:
    small, large = _size(result, 10_000), _size(result, MILLION)
    if small is None or large is None:
        return None
    return round(float(large["vector_search"]["p50_ms"] / small["vector_search"]["p50_ms"]), 2)


def _slowest_filter(*masks: str) -> Callable[[Result], float | None]:
    return lambda result: _slowest(result, masks)


def _slowest(result: Result, masks: Sequence[str]) -> float:
    buckets = [each for each in result["buckets"] if each["mask"] in masks]
    unfiltered = next(each["p99_ms"] for each in buckets if each["share"] == 1)
    return round(float(max(each["p99_ms"] for each in buckets) / unfiltered), 2)


def _per_second(outcome: Mapping[str, Any]) -> float:
    return float(outcome["figures"]["loads"][-1]["per_second"])


def _beside_servers(result: Result) -> float | None:
    """Searches a second of 16 callers: ours over those of the fastest other server."""
    servers = {
        name: _per_second(outcome)
        for name, outcome in result["peers"].items()
        if outcome["figures"] and outcome["kind"] == "server"
    }
    ours = servers.pop("cartograph", None)
    return None if ours is None or not servers else round(ours / max(servers.values()), 2)


def _ratio(told: Mapping[str, float]) -> float:
    served, instead = told.values()
    return round(served / instead, 2)


TARGETS: Sequence[Target] = (
    Target(
        "search over gRPC with reranking / bare encode, search, rerank in process, p50",
        "latency",
        lambda result: result["overhead_ratio"]["rerank_20"],
        most=1.15,
    ),
    Target("search, 20 reranked, p50", "latency", _latency("rerank_20", "p50"), most=35, unit="ms"),
    Target("search, 20 reranked, p99", "latency", _latency("rerank_20", "p99"), most=90, unit="ms"),
    Target("search without reranking, p50", "latency", _latency("without_rerank", "p50"), most=5, unit="ms"),
    Target("search without reranking, p99", "latency", _latency("without_rerank", "p99"), most=15, unit="ms"),
    Target(
        "throughput of 16 callers / of one",
        "load",
        lambda result: result["gain_of_16_callers"],
        least=1.5,
    ),
    Target(
        "recall@10 under a filter, worst bucket",
        "filters",
        lambda result: min(each["recall"] for each in result["buckets"]),
        least=0.95,
    ),
    Target(
        "p99 under a filter / without one, worst bucket",
        "filters",
        _slowest_filter("random", "near"),
        most=2,
    ),
    Target(
        "the same, filters that let only the farthest through",
        "filters",
        _slowest_filter("random", "far"),
        most=2,
    ),
    Target(
        "how late a caller in a hurry hears, p99 of the worst deadline",
        "deadlines",
        lambda result: max(row["overrun_p99_ms"] for row in result["rows"]),
        most=5,
        unit="ms",
    ),
    Target(
        "1M x 384 by vector over gRPC, 16 callers",
        "growth",
        _at_a_million(lambda size: size["callers_16"]["grpc"]),
        least=1000,
        unit="searches/s",
    ),
    Target(
        "1M x 384 by vector over gRPC, 16 callers, p99",
        "growth",
        _at_a_million(lambda size: size["callers_16"]["grpc_p99_ms"]),
        most=25,
        unit="ms",
    ),
    Target(
        "1M x 384 by vector over gRPC / the index in process",
        "growth",
        _at_a_million(lambda size: size["callers_16"]["grpc"] / size["callers_16"]["in_process"]),
        least=0.6,
    ),
    Target(
        "1M x 384 by vector over gRPC, 16 callers / the fastest other server",
        "peers",
        _beside_servers,
        least=2,
    ),
    Target(
        "texts embedded a second / sentence-transformers, float32",
        "parts",
        lambda result: _ratio(result["embedding"]["texts_per_second"]),
        least=1.9,
    ),
    Target("1M / 10,000 products, search by vector, p50", "growth", _growth, most=3),
    Target(
        "1M x 384, vectors and links",
        "growth",
        _at_a_million(lambda size: size["index_mib"] / 1024),
        most=0.9,
        unit="GiB",
    ),
    Target(
        "1M products, start to serving",
        "growth",
        _at_a_million(lambda size: size["start_seconds"]),
        most=5,
        unit="s",
    ),
)
