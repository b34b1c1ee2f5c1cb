"""How the builder chooses an index, and that it measures what it claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import index_builder.vectors as builder
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import IndexKind, VectorStorage
from engine.types import FloatArray
from index_builder.vectors import build_vector_index


def unit(rows: NDArray[Any]) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def kinds_of_products(count: int, dimension: int = 24, seed: int = 0) -> FloatArray:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((30, dimension))
    return unit(centres[random.integers(0, 30, count)] + 0.8 * random.standard_normal((count, dimension)))


@pytest.mark.parametrize(
    ("count", "kind"),
    [(0, "flat"), (5_000, "flat"), (5_001, "hnsw"), (1_500_000, "hnsw"), (1_500_001, "ivf")],
)
def test_the_kind_follows_the_size(count: int, kind: str) -> None:
    assert builder._kind_for(count) == IndexKind(kind)


def test_few_products_are_compared_exactly(tmp_path: Path) -> None:
    report = build_vector_index(kinds_of_products(500), tmp_path)

    assert (report.kind, report.storage, report.parameters) == (IndexKind.FLAT, VectorStorage.FLOAT32, {})
    assert (report.recall_at_10, report.recall_at_100) == (1, 1)
    assert report.byte_count == (tmp_path / "index.faiss").stat().st_size >= 500 * 24 * 4


@pytest.mark.parametrize("kind", [IndexKind.HNSW, IndexKind.IVF])
def test_the_recall_it_states_is_the_recall_one_gets(tmp_path: Path, kind: IndexKind) -> None:
    matrix, queries = kinds_of_products(4000), kinds_of_products(200, seed=5)

    report = build_vector_index(matrix, tmp_path, queries=queries, kind=kind)

    truth = queries @ matrix.T
    for limit, stated in ((10, report.recall_at_10), (100, report.recall_at_100)):
        floors = np.sort(truth, axis=1)[:, -limit]
        found = FaissVectorIndex.open(tmp_path, device="cpu").search(queries, limit)
        right = [truth[i, hits.rows] >= floors[i] - 1e-6 for i, hits in enumerate(found)]
        assert stated == pytest.approx(np.mean(right), abs=1e-3)
        assert stated >= 0.95
    assert report.sample_count == 200


def test_int8_is_kept_where_it_reaches_the_target(tmp_path: Path) -> None:
    report = build_vector_index(kinds_of_products(3000), tmp_path, kind=IndexKind.HNSW, target_recall=0.9)

    assert report.storage is VectorStorage.INT8
    assert report.byte_count < 3000 * (24 + 4 * 2 * 32 + 64)  # a byte a number, and the graph's links


def test_effort_rises_with_the_target(tmp_path: Path) -> None:
    matrix = kinds_of_products(4000, dimension=48)

    modest = build_vector_index(matrix, tmp_path / "modest", kind=IndexKind.IVF, target_recall=0.5)
    strict = build_vector_index(matrix, tmp_path / "strict", kind=IndexKind.IVF, target_recall=0.97)

    assert modest.parameters["nprobe"] < strict.parameters["nprobe"]


def test_storage_steps_up_when_int8_cannot_tell_products_apart(tmp_path: Path) -> None:
    """Products closer to each other than int8's steps: one far outlier stretches the range of every
    dimension.
    """
    random = np.random.default_rng(3)
    twins = unit(np.ones((2000, 24), np.float32) + 0.01 * random.standard_normal((2000, 24)))
    matrix = np.concatenate([twins, -np.ones((1, 24), np.float32) / np.sqrt(24)]).astype(np.float32)
    queries = unit(np.ones((100, 24), np.float32) + 0.01 * random.standard_normal((100, 24)))

    report = build_vector_index(matrix, tmp_path, kind=IndexKind.HNSW, queries=queries, target_recall=0.9)

    assert report.storage is not VectorStorage.INT8
    assert report.recall_at_10 >= 0.9


def test_what_cannot_reach_the_target_becomes_flat(tmp_path: Path) -> None:
    report = build_vector_index(kinds_of_products(3000), tmp_path, kind=IndexKind.IVF, target_recall=1.01)

    assert (report.kind, report.recall_at_10) == (IndexKind.FLAT, 1)


@pytest.mark.parametrize("kind", list(IndexKind))
def test_the_same_vectors_and_seed_give_the_same_bytes(tmp_path: Path, kind: IndexKind) -> None:
    for name in ("first", "second"):
        build_vector_index(kinds_of_products(2000), tmp_path / name, kind=kind, seed=4, threads=2)

    for file in ("index.faiss", "index.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_few_real_queries_are_joined_by_noisy_products(tmp_path: Path) -> None:
    matrix = kinds_of_products(1000)

    joined = build_vector_index(matrix, tmp_path, queries=kinds_of_products(10, seed=9))
    many = build_vector_index(matrix, tmp_path, queries=kinds_of_products(900, seed=9))

    assert joined.sample_count == 10 + 256
    assert many.sample_count == 256
