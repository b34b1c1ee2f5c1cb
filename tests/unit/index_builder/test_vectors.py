"""How the builder chooses an index, and that it measures what it claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import index_builder.vectors as builder
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import IndexKind, VectorLayout, VectorStorage
from engine.types import FloatArray
from index_builder.vector_oracle import Oracle
from index_builder.vectors import build_vector_index


def unit(rows: NDArray[Any]) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def kinds_of_products(count: int, dimension: int = 24, seed: int = 0) -> FloatArray:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((30, dimension))
    return unit(centres[random.integers(0, 30, count)] + 0.8 * random.standard_normal((count, dimension)))


@pytest.mark.parametrize(
    ("count", "kinds"),
    [
        (0, ["flat"]),
        (5_000, ["flat"]),
        (5_001, ["hnsw", "ivf"]),
        (1_500_000, ["hnsw", "ivf"]),
        (1_500_001, ["ivf"]),
    ],
)
def test_the_size_says_which_kinds_are_worth_a_try(count: int, kinds: list[str]) -> None:
    assert list(builder.kinds_for(count)) == kinds


def test_the_kind_follows_the_vectors(tmp_path: Path) -> None:
    """Cells hold what lies in clusters; where products lie anywhere, only a graph leads to all neighbours."""
    random = np.random.default_rng(2)
    anywhere = unit(random.standard_normal((20_000, 32)))
    centres = unit(random.standard_normal((60, 24)))
    clustered = unit(np.repeat(centres, 100, axis=0) + 0.02 * random.standard_normal((6_000, 24)))

    chosen = {}
    for name, matrix in (("anywhere", anywhere), ("clustered", clustered)):
        queries = unit(matrix[::100] + 0.02 * random.standard_normal(matrix[::100].shape))
        report = build_vector_index(matrix, tmp_path / name, queries=queries, target_recall=0.99, threads=2)
        chosen[name] = report.kind

    assert chosen == {"anywhere": IndexKind.HNSW, "clustered": IndexKind.IVF}


@pytest.mark.parametrize(("kind", "efforts"), [(IndexKind.HNSW, (128, 192)), (IndexKind.IVF, (8, 16))])
def test_the_work_of_a_search_is_counted_not_timed(kind: IndexKind, efforts: tuple[int, int]) -> None:
    matrix = kinds_of_products(6_000)
    oracle = Oracle.over(matrix, matrix[:50])
    index = builder._build(matrix, kind, VectorStorage.INT8, seed=0)

    def compared(effort: int) -> float:
        layout = VectorLayout(kind, VectorStorage.INT8, 24, 6_000, effort, 0, 0, effort_at_10=effort)
        return oracle.compared(FaissVectorIndex(index, layout))

    first, again, more = (compared(effort) for effort in (efforts[0], *efforts))
    assert 100 < first == again < more < 6_000


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
