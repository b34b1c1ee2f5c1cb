"""Service time of one caller: per stage, over gRPC and in process, beside the bare cost of the models.

All queries are answered in three ways, round after round in turn, so that noise of the machine hits all
alike: `bare` (encode, search the vectors, search the words and, with reranking, score the pairs; nothing
else), in process and over gRPC. (In turn for each query would be fairer still to noise, but the two processes
hold a copy of the models each and would push each other's out of the cores' caches at every query: that costs
gRPC 2 ms that no server pays.) `overhead_ratio` is the median of gRPC over the median of bare: what the
engine adds. Speed is never shown without recall: recall@10 of the vector index against exact search for the
same queries. Nothing comes from a cache. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from benchmarks.server import running_server
from cartograph.v1 import search_service_pb2, search_service_pb2_grpc
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.generation import DataFolder
from engine.pipeline import Pipeline
from engine.request import RerankSpec, SearchRequest
from index_builder.judgements import read_queries

RERANK_DEPTH = 20
PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class Samples:
    """Milliseconds by what was timed."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def time(self, name: str, call: Callable[[], object]) -> Any:
        start = perf_counter()
        result = call()
        self.values[name].append((perf_counter() - start) * 1e3)
        return result

    def summary(self) -> dict[str, dict[str, float]]:
        return {
            name: {
                f"p{percentile}": round(float(np.percentile(values, percentile)), 3)
                for percentile in PERCENTILES
            }
            for name, values in self.values.items()
        }


def bare(pipeline: Pipeline, query: str, depth: int) -> None:
    """What any engine with these models and indexes must pay."""
    stages, limit = pipeline.stages, pipeline.settings.candidates_per_source
    vectors = stages.encoder.encode_queries([query])
    found = stages.gather.products.search(vectors, limit)[0]
    stages.gather.lexical.search(query, limit)
    if depth:
        stages.rerank.scorer.score(query, stages.rerank.texts(found.rows[:depth]))


def recall_at_10(pipeline: Pipeline, queries: Sequence[str]) -> float:
    """Of the index against exact search over the vectors it stores, mean over the queries."""
    index = pipeline.stages.gather.products
    vectors = pipeline.stages.encoder.encode_queries(queries)
    stored = index.vectors(np.arange(len(index)))
    exact = np.argsort(-(vectors @ stored.T), axis=1, kind="stable")[:, :10]
    found = index.search(vectors, 10)
    hits = [len(set(rows.tolist()) & set(one.rows.tolist())) for rows, one in zip(exact, found, strict=True)]
    return float(np.mean(hits)) / min(10, len(index))


def measure(pipeline: Pipeline, address: str, queries: Sequence[str], repeats: int, depth: int) -> Samples:
    """`repeats` timed rounds of each way, after one that only warms up."""
    samples = Samples()
    with grpc.insecure_channel(address) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        for round_number in range(repeats + 1):
            into = samples if round_number else Samples()
            for query in queries:
                into.time("bare", partial(bare, pipeline, query, depth))
            for query in queries:
                request = SearchRequest(
                    query, rerank=RerankSpec(enabled=depth > 0, depth=depth), skip_cache=True
                )
                result = into.time("in_process", partial(pipeline.search, request, Deadline.none()))
                for timing in result.timings:
                    into.values[f"stage.{timing.stage}"].append(timing.seconds * 1e3)
            for query in queries:
                into.time("grpc", partial(stub.SearchProducts, _message(query, depth)))
    return samples


def _message(query: str, depth: int) -> search_service_pb2.SearchProductsRequest:
    message = search_service_pb2.SearchProductsRequest(query=query, skip_cache=True)
    message.rerank_spec.depth = depth
    if not depth:
        message.rerank_spec.mode = search_service_pb2.RerankSpec.MODE_DISABLED
    return message


def report(data: Path, queries: Sequence[str], repeats: int, threads: int) -> dict[str, Any]:
    settings = ServeSettings(data=data, threads=threads)
    opened = open_generation(DataFolder.open(data).open_active(), settings)
    try:
        with running_server(data, threads=threads) as address:
            modes = {
                name: measure(opened.pipeline, address, queries, repeats, depth).summary()
                for name, depth in (("without_rerank", 0), ("rerank_20", RERANK_DEPTH))
            }
        return {
            "generation": opened.generation.id,
            "products": opened.generation.manifest.product_count,
            "queries": len(queries),
            "repeats": repeats,
            "threads": threads,
            "recall@10": round(recall_at_10(opened.pipeline, queries), 4),
            "milliseconds": modes,
            "overhead_ratio": {
                name: round(summary["grpc"]["p50"] / summary["bare"]["p50"], 3)
                for name, summary in modes.items()
            },
            "machine": machine(),
        }
    finally:
        opened.close()


def show(figures: dict[str, Any], console: Console) -> None:
    for mode, summary in figures["milliseconds"].items():
        table = Table(title=f"{mode} (overhead ratio {figures['overhead_ratio'][mode]})")
        for column in ("what", *(f"p{percentile} ms" for percentile in PERCENTILES)):
            table.add_column(column, justify="left" if column == "what" else "right")
        for name, percentiles in summary.items():
            table.add_row(name, *(f"{value:.2f}" for value in percentiles.values()))
        console.print(table)
    console.print(f"recall@10 of the vector index: {figures['recall@10']}", highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--repeats", type=int, default=5, help="timed rounds over all queries (default 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads for models (default 2)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    queries = list(read_queries(arguments.queries).values())
    figures = report(arguments.data, queries, arguments.repeats, arguments.threads)
    keep_result("latency", arguments.name, figures)
    if arguments.json:
        show_result(figures, as_json=True)
    else:
        show(figures, Console())


if __name__ == "__main__":
    main()
