"""A shop's models and word index beside the libraries that one would take instead, on the same texts.

Embedding: int8 ONNX as served, and sentence-transformers in float32 with the same weights: texts a second in
batches, milliseconds of a lone query, the cosine between both, and judged relevance of each by itself where
judgements are given. Reranking: 20 pairs in int8 ONNX, and in torch in float32 (sentence-transformers'
CrossEncoder cannot open a head that is not a linear layer). Words: tantivy as served, and bm25s, where it is
installed. Each is timed in turn, round after round; the median round counts. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from rich.table import Table
from sentence_transformers import SentenceTransformer

from benchmarks.dimensions import ranked
from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from engine.backends.catalog import Catalog
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.model_files import ModelSpec
from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_cross_encoder import TorchCrossEncoder
from engine.generation import DataFolder, Generation
from engine.product_texts import embedding_text
from engine.types import FloatArray, Product
from index_builder.evaluate import measure
from index_builder.judgements import Judgements

ROUNDS = 5
_TEXTS, _PAIRS, _LIMIT = 2_000, 20, 100


def main() -> None:
    given = _parse()
    torch.set_num_threads(given.threads)
    generation = DataFolder.open(given.data).open_active()
    catalog = Catalog.open(generation.part("catalog"))
    judgements = Judgements.read(given.queries, given.qrels)
    products = catalog.products(np.arange(len(catalog)))
    content = {
        "embedding": _embedding(generation, products, judgements, given.threads),
        "reranking": _reranking(generation, catalog, list(judgements.queries.values()), given.threads),
        "words": _words(generation, products, list(judgements.queries.values())),
        "rounds": ROUNDS,
        "threads": given.threads,
        "machine": machine(),
    }
    keep_result("parts", given.name, content)
    show_result(content, _table(content), as_json=given.json)


def _embedding(
    generation: Generation, products: Sequence[Product], judgements: Judgements, threads: int
) -> dict[str, Any]:
    folder = generation.part("encoder")
    spec, ours = ModelSpec.read(folder), OnnxEncoder.open(folder, threads=threads)
    theirs = SentenceTransformer(str(folder / "torch"), device="cpu", local_files_only=True).eval()
    theirs.max_seq_length = spec.max_tokens
    texts = [embedding_text(product) for product in products]
    queries = list(judgements.queries.values())

    def encode(prompt: str, given: Sequence[str]) -> FloatArray:
        found = theirs.encode([prompt + text for text in given], prompt="", normalize_embeddings=True)
        return np.asarray(found, np.float32)[:, : spec.dimension]

    some = texts[:: max(1, len(texts) // _TEXTS)]
    batches = _timed(
        {
            "onnx int8": lambda: ours.encode_products(some),
            "sentence-transformers": lambda: encode(spec.product_prompt, some),
        }
    )
    alone = _timed(
        {
            "onnx int8": lambda: [ours.encode_queries([query]) for query in queries],
            "sentence-transformers": lambda: [encode(spec.query_prompt, [query]) for query in queries],
        }
    )
    ids = [str(product.id) for product in products]
    figures, vectors = {}, {}
    for name, asked, stored in (
        ("onnx int8", ours.encode_queries(queries), ours.encode_products(texts)),
        ("sentence-transformers", encode(spec.query_prompt, queries), encode(spec.product_prompt, texts)),
    ):
        vectors[name] = stored
        figures[name] = dict(measure(ranked(asked @ stored.T, ids, judgements), judgements).means)
    cosines = np.sum(vectors["onnx int8"] * vectors["sentence-transformers"], axis=1)
    return {
        "texts": len(some),
        "texts_per_second": {name: round(len(some) / seconds, 1) for name, seconds in batches.items()},
        "query_ms": {name: round(1e3 * seconds / len(queries), 3) for name, seconds in alone.items()},
        "mean_cosine": round(float(cosines.mean()), 4),
        "relevance": figures,
    }


def _reranking(
    generation: Generation, catalog: Catalog, queries: Sequence[str], threads: int
) -> dict[str, Any]:
    folder = generation.part("reranker")
    ours = OnnxCrossEncoder.open(folder, threads=threads)
    theirs = TorchCrossEncoder.open(folder, device="cpu")
    texts = catalog.texts(np.arange(0, len(catalog), max(1, len(catalog) // _PAIRS))[:_PAIRS])
    seconds = _timed(
        {
            "onnx int8": lambda: [ours.score(query, texts) for query in queries],
            "torch float32": lambda: [theirs.score(query, texts) for query in queries],
        }
    )
    return {
        "pairs": len(texts),
        "ms": {name: round(1e3 * each / len(queries), 3) for name, each in seconds.items()},
    }


def _words(generation: Generation, products: Sequence[Product], queries: Sequence[str]) -> dict[str, Any]:
    index = TantivyLexicalIndex.open(generation.part("lexical"))
    ways: dict[str, Callable[[], object]] = {
        "tantivy": lambda: [index.search(query, _LIMIT) for query in queries]
    }
    if find_spec("bm25s") is not None:
        ways["bm25s"] = _bm25s([embedding_text(product) for product in products], queries)
    told = {name: round(len(queries) / seconds, 1) for name, seconds in _timed(ways).items()}
    missing = {} if "bm25s" in told else {"bm25s": "not installed: pip install bm25s"}
    return {"searches_per_second": told, "limit": _LIMIT, **missing}


def _bm25s(texts: Sequence[str], queries: Sequence[str]) -> Callable[[], object]:
    import bm25s

    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(list(texts), stopwords=None, show_progress=False), show_progress=False)

    def search() -> object:
        return [
            retriever.retrieve(
                bm25s.tokenize([query], stopwords=None, show_progress=False), k=_LIMIT, show_progress=False
            )
            for query in queries
        ]

    return search


def _timed(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of the median round; one more warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, way in ways.items():
            start = perf_counter()
            way()
            seconds[name].append(perf_counter() - start)
    return {name: median(taken[1:]) for name, taken in seconds.items()}


def _table(content: dict[str, Any]) -> Table:
    shown = Table("what", "served", "instead", title="parts beside the usual libraries")
    embedding, reranking, words = content["embedding"], content["reranking"], content["words"]
    for what, values in (
        ("texts embedded a second", embedding["texts_per_second"]),
        ("a lone query, ms", embedding["query_ms"]),
        ("nDCG@10 by vectors alone", {k: round(v["ndcg@10"], 4) for k, v in embedding["relevance"].items()}),
        (f"{reranking['pairs']} pairs reranked, ms", reranking["ms"]),
        ("searches for words a second", words["searches_per_second"]),
    ):
        cells = [f"{name}: {value:,}" for name, value in values.items()]
        shown.add_row(what, *cells, *([f"bm25s: {words['bm25s']}"] if len(cells) == 1 else []))
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--threads", type=int, default=2, help="of each model (default 2)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
