from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.filters import made_up
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import IndexKind, VectorStorage
from engine.errors import ConfigError
from index_builder.vector_memory import FULL, mib_of, within
from index_builder.vectors import build_vector_index

COUNT, DIMENSION = 8_000, 64
VECTORS = made_up(COUNT, DIMENSION, seed=1)


@pytest.mark.parametrize("kind", list(IndexKind))
@pytest.mark.parametrize("storage", list(VectorStorage))
def test_the_size_is_foretold(tmp_path: Path, kind: IndexKind, storage: VectorStorage) -> None:
    if kind is IndexKind.FLAT and storage is not VectorStorage.FLOAT32:
        pytest.skip("flat indexes store float32 alone")
    report = build_vector_index(VECTORS, tmp_path, kind=kind, storages=(storage,), target_recall=0.05)

    cells = 4 * int(COUNT**0.5) * DIMENSION * 4 / 2**20 if kind is IndexKind.IVF else 0
    foretold = mib_of(kind, storage, COUNT, DIMENSION) + cells
    assert (report.kind, report.storage) == (kind, storage)
    assert report.byte_count / 2**20 == pytest.approx(foretold, rel=0.1)


def test_the_fastest_that_fits_is_tried_first_and_four_bits_last() -> None:
    hnsw, ivf = IndexKind.HNSW, IndexKind.IVF

    assert within(10_000, (hnsw, ivf), 1_000_000, 384) == [
        *((kind, storage) for kind in (hnsw, ivf) for storage in FULL),
        (hnsw, VectorStorage.INT4),
        (ivf, VectorStorage.INT4),
    ]
    assert within(400, (hnsw, ivf), 1_000_000, 384) == [
        (ivf, VectorStorage.INT8),
        (ivf, VectorStorage.INT4),
    ]
    with pytest.raises(ConfigError, match=r"do not fit into 100 MiB; the smallest index takes about 198"):
        within(100, (hnsw, ivf), 1_000_000, 384)


def test_an_index_within_its_budget_still_reaches_the_recall(tmp_path: Path) -> None:
    whole = build_vector_index(VECTORS, tmp_path / "whole", kind=IndexKind.HNSW)
    budget = 0.75 * whole.byte_count / 2**20

    small = build_vector_index(VECTORS, tmp_path / "small", max_mib=budget)

    assert small.kind is IndexKind.IVF
    assert small.byte_count <= budget * 2**20
    assert small.recall_at_10 >= small.target_recall
    assert FaissVectorIndex.open(tmp_path / "small", device="cpu").search(VECTORS[:1], 1)[0].rows[0] == 0


def test_a_recall_that_no_index_of_that_size_reaches_is_one_sentence(tmp_path: Path) -> None:
    budget = 1.02 * mib_of(IndexKind.IVF, VectorStorage.INT4, COUNT, DIMENSION)

    with pytest.raises(ConfigError, match=r"No vector index of .* MiB reaches a recall of 1\."):
        build_vector_index(VECTORS, tmp_path, max_mib=budget, target_recall=1.0)
    assert not any(tmp_path.iterdir())
