"""What fewer components and eight bits cost: search by embeddings alone, exact, over judged queries.

Every size is measured in full precision (torch, float32) and as served (ONNX, int8), from the same weights:
the first components of an embedding, of length 1 again (Matryoshka). Without --encoder the default base model
is measured. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import torch
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from engine.backends.catalog import Catalog
from engine.backends.device import CPU
from engine.backends.encoder import DualEncoder
from engine.backends.model_files import ModelSpec
from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_encoder import TorchEncoder
from engine.errors import EngineError
from engine.generation import DataFolder
from engine.product_texts import embedding_text
from engine.types import FloatArray, Product
from index_builder.config import DEFAULT_BASE_MODEL
from index_builder.embed import embed_products
from index_builder.evaluate import measure
from index_builder.judgements import Judgements
from index_builder.models import ModelKind, TrainedModel
from index_builder.quality import load_catalogue
from index_builder.train.base_model import resolve_base_model
from index_builder.train.export import export_encoder

INT8, FULL = "int8", "float32"
SIZES = (384, 256, 128, 64)
DEPTH = 1_000
"""Products that are ranked for each query; figures count the first ten and the first hundred."""


@dataclass(frozen=True, slots=True)
class Row:
    """`figures` are means over the queries, by metric; `per_query` their values, for paired tests."""

    form: str
    dimension: int
    figures: Mapping[str, float]
    per_query: Mapping[str, Sequence[float]]


def measure_sizes(
    form: str, queries: FloatArray, products: FloatArray, ids: Sequence[str], judgements: Judgements
) -> list[Row]:
    """One row for each size up to the embeddings' own; `queries` (m, d) in the order of the judgements."""
    rows = []
    for dimension in sorted({queries.shape[1], *SIZES}, reverse=True):
        if dimension <= queries.shape[1]:
            scores = _cut(queries, dimension) @ _cut(products, dimension).T
            measured = measure(ranked(scores, ids, judgements), judgements)
            per_query = {name: [round(float(v), 6) for v in found] for name, found in measured.values.items()}
            rows.append(Row(form, dimension, measured.means, per_query))
    return rows


def _cut(vectors: FloatArray, dimension: int) -> FloatArray:
    kept = vectors[:, :dimension]
    return np.asarray(kept / np.linalg.norm(kept, axis=1, keepdims=True), np.float32)


def ranked(scores: FloatArray, ids: Sequence[str], judgements: Judgements) -> dict[str, dict[str, float]]:
    """A run by query id from scores (queries, products): the best `DEPTH` products, best first."""
    run = {}
    for query_id, row in zip(judgements.queries, scores, strict=True):
        best = np.argsort(-row, kind="stable")[:DEPTH]
        run[query_id] = {ids[place]: float(-rank) for rank, place in enumerate(best)}
    return run


def table(rows: Sequence[Row]) -> Table:
    """`kept` is the share of nDCG@10 at full size in the same form; `int8` what eight bits change."""
    found = Table(title="embeddings alone, exact search")
    for column in ("form", "size", "nDCG@10", "kept", "judged-only", "recall@100", "int8 nDCG@10"):
        found.add_column(column, justify="left" if column == "form" else "right")
    by_key = {(row.form, row.dimension): row.figures for row in rows}
    for row in rows:
        whole = by_key[row.form, max(size for form, size in by_key if form == row.form)]["ndcg@10"]
        full = by_key.get((FULL, row.dimension))
        change = f"{row.figures['ndcg@10'] - full['ndcg@10']:+.4f}" if full and row.form == INT8 else ""
        found.add_row(
            row.form,
            str(row.dimension),
            f"{row.figures['ndcg@10']:.4f}",
            f"{row.figures['ndcg@10'] / whole:.1%}" if whole else "",
            f"{row.figures['judged_ndcg@10']:.4f}",
            f"{row.figures['recall@100']:.4f}",
            change,
        )
    return found


def main() -> None:
    given = _parse()
    judgements = Judgements.read(given.queries, given.qrels)
    products = _products(given)
    ids, texts = [str(product.id) for product in products], [embedding_text(each) for each in products]
    with TemporaryDirectory(prefix="cartograph-dimensions-") as scratch:
        folder = _encoder(given, Path(scratch))
        rows, costs = [], {}
        for form, encoder in _forms(folder, given.threads):
            start = process_time()
            vectors = embed_products(texts, encoder, cache=given.cache or Path(scratch), progress=_tell(form))
            costs[form] = round(1000 * (process_time() - start) / max(1, len(texts)), 3)
            queries = encoder.encode_queries(list(judgements.queries.values()))
            rows += measure_sizes(form, queries, vectors, ids, judgements)
        spec = ModelSpec.read(folder)
    content = {
        "encoder": {"base_model": spec.base_model, "fingerprint": spec.fingerprint},
        "products": len(products),
        "queries": len(judgements.queries),
        "cpu_ms_per_product": costs,
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
    }
    keep_result("dimensions", given.name, content)
    show_result(content, table(rows), as_json=given.json)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dimensions", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", type=Path, help="data folder: products and encoder of its active generation"
    )
    source.add_argument("--catalog", type=Path, nargs="+", help="catalogue files")
    parser.add_argument("--encoder", type=Path, help="folder that train encoder wrote")
    parser.add_argument("--base-model", default=DEFAULT_BASE_MODEL, help="with --catalog, without --encoder")
    parser.add_argument("--queries", type=Path, required=True, help="TSV of query_id, query")
    parser.add_argument("--qrels", type=Path, required=True, help="TSV of query_id, product_id, rating")
    parser.add_argument("--cache", type=Path, help="folder to keep embeddings in (default: none are kept)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--name", default="sample", help="name of the result file (default sample)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


def _products(given: argparse.Namespace) -> Sequence[Product]:
    if given.data is None:
        return load_catalogue(given.catalog).products
    generation = DataFolder.open(given.data).open_active(verify=False)
    return Catalog.open(generation.part("catalog")).products(np.arange(generation.manifest.product_count))


def _encoder(given: argparse.Namespace, scratch: Path) -> Path:
    """The folder of the encoder that is measured, with all of its components."""
    if given.encoder is not None:
        return TrainedModel.read(given.encoder, ModelKind.ENCODER).folder
    if given.data is not None:
        return DataFolder.open(given.data).open_active(verify=False).part("encoder")
    export_encoder(resolve_base_model(given.base_model), scratch / "encoder", base_model=given.base_model)
    return scratch / "encoder"


def _forms(folder: Path, threads: int) -> Iterator[tuple[str, DualEncoder]]:
    torch.set_num_threads(threads)
    yield INT8, OnnxEncoder.open(folder, threads=threads)
    yield FULL, TorchEncoder.open(folder, device=CPU)


def _tell(form: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"\r{form}: {done:,} of {total:,} products{'' if done < total else chr(10)}")

    return tell


if __name__ == "__main__":
    try:
        main()
    except EngineError as error:
        sys.exit(f"error: {error.message}")
