"""A generation of any size, made by the builder's own writers from a made-up shop and made-up vectors.

Embedding and reading texts take hours for a million products on a small machine, and are linear in their
number. So the vectors are clusters on the sphere, and products have a title, a brand and a category, from
which the graph is made; encoder and reranker are those of a generation that is given.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

import engine
from benchmarks.filters import made_up
from benchmarks.growing_shop import GrowingShop, Sizes
from engine.backends.model_files import ModelSpec
from engine.backends.relation_weights import RelationWeights
from engine.generation import DataFolder, Generation
from engine.product_texts import rerank_text
from engine.types import FloatArray, PastQuery, Product
from index_builder.catalog import write_catalog
from index_builder.graph.load import build_graph
from index_builder.lexical import build_lexical_index
from index_builder.past_queries import build_past_queries
from index_builder.publish import Summary, publish, seal
from index_builder.vector_oracle import stand_ins
from index_builder.vectors import build_vector_index

PAST_QUERIES = 1_000
_ROWS_OF_A_QUERY = 5
_ABOUT = "made_up.json"


@dataclass(frozen=True, slots=True)
class MadeUp:
    """`seconds` by part; `vectors`, float32 (products, dimension), are those that were indexed."""

    generation: Generation
    vectors: FloatArray
    queries: list[str]
    seconds: dict[str, float]

    @classmethod
    def reopen(cls, data: Path) -> MadeUp:
        """What `make_generation` left in this data folder."""
        generation = DataFolder.open(data).open_active(verify=False)
        left = json.loads((data / _ABOUT).read_text(encoding="utf-8"))
        vectors = made_up(generation.manifest.product_count, generation.manifest.dimension, left["seed"])
        return cls(generation, vectors, left["queries"], left["seconds"])


def make_generation(
    count: int,
    models: Generation,
    data: Path,
    *,
    seed: int,
    threads: int,
    tell: Callable[[str], None],
    vectors: FloatArray | None = None,
) -> MadeUp:
    """Build, publish and activate it in the data folder, which is made. `tell` hears of each part. `vectors`,
    float32 (count, the encoder's dimension), of length 1, stand in the place of made-up ones.
    """
    work = data / "building"
    work.mkdir(parents=True)
    seconds: dict[str, float] = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        tell(name)
        started = perf_counter()
        yield
        seconds[name] = round(perf_counter() - started, 1)

    for name in ("encoder", "reranker"):
        shutil.copytree(models.part(name), work / name)
    spec = ModelSpec.read(work / "encoder")
    with part("products"):
        shop = GrowingShop(Sizes.of(count), seed)
        products = [_slim(product) for product in shop.products()]
        queries = shop.queries(2 * PAST_QUERIES)
    with part("catalog"):
        write_catalog(products, [rerank_text(product) for product in products], work / "catalog")
    with part("lexical"):
        build_lexical_index(products, work / "lexical")
    with part("graph"):
        report = build_graph(products, work / "graph")
        RelationWeights("made up", 0, {}).write(work / "graph")
    if vectors is None:
        vectors = made_up(count, spec.dimension, seed)
    with part("vectors"):
        index = build_vector_index(
            vectors, work / "vectors", seed=seed, threads=threads, encoder=spec.fingerprint
        )
        asked = [
            PastQuery(text, 1, np.arange(place, place + _ROWS_OF_A_QUERY, dtype=np.int64) % count)
            for place, text in enumerate(queries[:PAST_QUERIES])
        ]
        behind = stand_ins(vectors, PAST_QUERIES, np.random.default_rng(seed))
        past = build_past_queries(
            asked, behind, work / "queries", seed=seed, threads=threads, encoder=spec.fingerprint
        )
    with part("checksums"):
        seal(
            work,
            Summary(
                engine_version=engine.__version__,
                dimension=spec.dimension,
                product_count=count,
                past_query_count=past.query_count,
                statement_count=report.statements,
                measured_recall=index.recall_at_10,
                build={"made_up": count, "seed": seed},
                parts={"encoder": dict(models.manifest.parts["encoder"])},
                evaluation={},
            ),
        )
        generation = publish(work, data, activate=True)
    left = {"seed": seed, "queries": queries[PAST_QUERIES:], "seconds": seconds}
    (data / _ABOUT).write_text(json.dumps(left), encoding="utf-8")
    return MadeUp(generation, vectors, queries[PAST_QUERIES:], seconds)


def _slim(product: Product) -> Product:
    return Product(product.id, product.title, brand=product.brand, category=product.category)
