"""What the benchmark of rerankers asks of a shop, and how long a reranker takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.deadline import Deadline
from engine.pipeline import Pipeline
from engine.product_texts import rerank_text
from engine.request import RerankSpec, SearchRequest
from engine.types import RowArray
from index_builder.evaluate import DEPTH
from index_builder.judgements import Judgements
from index_builder.train.reranker.cross_encoder import export_cross_encoder, start_cross_encoder
from index_builder.train.shop import TrainingShop

DEPTHS = (20, 50)
LAYERS = (6, 3, 2)
PAIRS, TOKENS = 50, 32
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the engine finds for a query without its reranker, best first; `scores` float64 (n,)."""

    product_ids: tuple[str, ...]
    rows: RowArray
    scores: np.ndarray[tuple[int], np.dtype[np.float64]]


class Shop:
    """The judged shop: texts by row, candidates by query, both read once."""

    def __init__(self, pipeline: Pipeline, shop: TrainingShop) -> None:
        self._pipeline = pipeline
        self.products = shop
        self.row_of = shop.row_of
        self._texts = [rerank_text(product) for product in shop.products]
        self._found: dict[str, Candidates] = {}

    def text(self, row: int) -> str:
        return self._texts[row]

    def candidates(self, query: str) -> Candidates:
        if query not in self._found:
            request = SearchRequest(query, page_size=DEPTH, rerank=RerankSpec(enabled=False))
            hits = self._pipeline.search(request, Deadline.none()).hits
            ids = tuple(str(hit.product.id) for hit in hits)
            rows = np.array([self.row_of[each] for each in ids], np.int64)
            self._found[query] = Candidates(ids, rows, np.array([hit.score for hit in hits]))
        return self._found[query]

    def rows(self, query: str) -> RowArray:
        return self.candidates(query).rows


def folds_of(query_ids: Sequence[str], count: int, seed: int) -> list[list[str]]:
    """Every id in one of `count` folds of nearly equal size."""
    mixed = [query_ids[place] for place in np.random.default_rng(seed).permutation(len(query_ids))]
    return [sorted(mixed[start::count]) for start in range(count)]


def only(judgements: Judgements, query_ids: Sequence[str]) -> Judgements:
    return Judgements(
        {each: judgements.queries[each] for each in query_ids},
        {each: judgements.ratings[each] for each in query_ids},
    )


def reranked(
    found: Candidates, probabilities: Sequence[float], depth: int, weight: float
) -> dict[str, float]:
    """The engine's way: the first `depth` gain weight x probability. Scores are ranks, higher is better."""
    scores = found.scores.copy()
    head = min(depth, len(scores))
    scores[:head] += weight * np.asarray(probabilities[:head])
    order = np.argsort(-scores, kind="stable").tolist()
    return {found.product_ids[place]: float(DEPTH + 1 - rank) for rank, place in enumerate(order)}


def runs_of(
    shop: Shop, judgements: Judgements, scorer: OnnxCrossEncoder | None, weight: float
) -> dict[str, dict[str, dict[str, float]]]:
    """Runs by name: `alone`, the judged products by the reranker's probability; `first 20` and `first 50`."""
    runs: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for query_id, query in judgements.queries.items():
        found = shop.candidates(query)
        judged = sorted(each for each in judgements.ratings[query_id] if each in shop.row_of)
        if scorer is None:
            ranks = {each: float(DEPTH - place) for place, each in enumerate(found.product_ids)}
            runs["alone"][query_id] = {each: ranks.get(each, 0.0) for each in judged}
            probabilities: Sequence[float] = [0.0] * max(DEPTHS)
        else:
            rows = [shop.row_of[each] for each in judged] + found.rows[: max(DEPTHS)].tolist()
            scores = scorer.score(query, [shop.text(row) for row in rows]).tolist()
            runs["alone"][query_id] = dict(zip(judged, scores, strict=False))
            probabilities = scores[len(judged) :]
        for depth in DEPTHS:
            runs[f"first {depth}"][query_id] = reranked(found, probabilities, depth, weight)
    return runs


def pair_latency(folder: Path, threads: int) -> dict[str, float]:
    """Milliseconds for 50 pairs of 32 tokens: p50 of wall time, and processor time of all threads."""
    scorer = OnnxCrossEncoder.open(folder, threads=threads)
    text = "a long text of plain words " * 10  # cut at 32 tokens, as is every pair

    def ask() -> None:
        scorer.score("two words", [text] * PAIRS)

    for _ in range(5):
        ask()
    start, samples = process_time(), []
    for _ in range(_ROUNDS):
        before = perf_counter()
        ask()
        samples.append((perf_counter() - before) * 1e3)
    spent = (process_time() - start) * 1e3 / _ROUNDS
    return {"p50_ms": round(median(samples), 1), "cpu_ms": round(spent, 1)}


def latencies(base: Path, threads: int) -> dict[str, dict[str, float]]:
    """By number of layers, of untrained heads: what is computed does not depend on the weights."""
    measured = {}
    for layers in LAYERS:
        with TemporaryDirectory() as name:
            model, spec = start_cross_encoder(
                base, Path(name), base_model="", layers=layers, max_tokens=TOKENS
            )
            export_cross_encoder(model, spec, Path(name))
            measured[f"{model.depth} layers"] = pair_latency(Path(name), threads)
    return measured
