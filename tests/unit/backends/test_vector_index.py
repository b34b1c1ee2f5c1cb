"""Decisions of the vector index that the contract cannot see: walks, scans, twins, and the copy on a GPU."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backends.faiss_library import faiss
from engine.backends.vector_gpu import MAX_DEPTH, gpu_count
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import IndexKind, VectorLayout, VectorStorage
from engine.errors import (
    ConfigError,
    DamagedGenerationError,
    DimensionMismatchError,
    EncoderMismatchError,
)
from engine.types import FloatArray
from index_builder.vector_oracle import stand_ins
from index_builder.vectors import build_vector_index

DIMENSION = 16


def vectors(count: int, seed: int = 0) -> FloatArray:
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def built(folder: Path, matrix: FloatArray, kind: IndexKind | None = None) -> FaissVectorIndex:
    build_vector_index(matrix, folder, kind=kind)
    return FaissVectorIndex.open(folder, device="cpu")


def test_twins_come_in_order_of_row(tmp_path: Path) -> None:
    matrix = np.repeat(vectors(100), 5, axis=0)  # row 5i .. 5i+4 are the same product

    (hits,) = built(tmp_path, matrix).search(matrix[250:251], 5)

    assert hits.rows.tolist() == [250, 251, 252, 253, 254]
    assert hits.scores == pytest.approx(np.ones(5), abs=1e-6)


@pytest.mark.parametrize("kind", list(IndexKind))
def test_thousands_of_twins_hide_nobody(tmp_path: Path, kind: IndexKind) -> None:
    """A graph of twins falls into islands, from which a walk finds no way: the scan has to step in."""
    matrix = np.concatenate([np.repeat(vectors(3), 700, axis=0), vectors(400, seed=1)])
    index = built(tmp_path, matrix, kind)

    for hits in index.search(vectors(20, seed=2), 150):
        assert len(set(hits.rows.tolist())) == 150


@pytest.mark.parametrize("kind", list(IndexKind))
def test_the_exact_search_compares_all_that_is_stored(tmp_path: Path, kind: IndexKind) -> None:
    index, queries = built(tmp_path, vectors(3_000), kind), vectors(5, seed=3)
    mask = np.arange(3_000) % 3 == 0
    stored = index.vectors(np.arange(3_000))

    for given in (None, mask):
        passing = np.flatnonzero(mask) if given is not None else np.arange(3_000)
        for query, hits in zip(queries, index.exact(queries, 10, given), strict=True):
            best = np.sort(stored[passing] @ query)[::-1][:10]
            assert hits.scores == pytest.approx(best, abs=1e-5)
            assert np.isin(hits.rows, passing).all()
    assert len(index.exact(queries, 10, np.zeros(3_000, np.bool_))[0]) == 0


def test_any_number_of_threads_builds_the_same_bytes(tmp_path: Path) -> None:
    for threads in (1, 2, 3):
        build_vector_index(vectors(6_000), tmp_path / str(threads), kind=IndexKind.HNSW, threads=threads)

    first, *others = ((tmp_path / str(threads) / "index.faiss").read_bytes() for threads in (1, 2, 3))
    assert [other == first for other in others] == [True, True]


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    index = built(tmp_path, np.empty((0, DIMENSION), np.float32))

    (hits,) = index.search(vectors(1), 5, np.empty(0, bool))

    assert (len(index), len(hits), hits.complete) == (0, 0, True)


def test_a_search_leaves_the_threads_of_openmp_as_they_were(tmp_path: Path) -> None:
    index = built(tmp_path, vectors(50))
    before = faiss.omp_get_max_threads()

    index.search(vectors(1), 5)

    assert faiss.omp_get_max_threads() == before


class CountingIndex:
    """Stands where a GPU copy stands: FAISS's own exact index, which says how deep it was asked to go."""

    def __init__(self, matrix: FloatArray) -> None:
        self.index = faiss.IndexFlatIP(DIMENSION)
        self.index.add(matrix)
        self.depths: list[int] = []

    def search(self, queries: FloatArray, depth: int) -> Any:
        self.depths.append(depth)
        return self.index.search(queries, depth)


@pytest.fixture
def device() -> CountingIndex:
    return CountingIndex(vectors(4000))


@pytest.fixture
def on_device(tmp_path: Path, device: CountingIndex) -> FaissVectorIndex:
    layout = built(tmp_path, vectors(4000)).layout
    return FaissVectorIndex(faiss.read_index(str(tmp_path / "index.faiss")), layout, gpu_index=device)


def test_the_device_answers_and_masked_rows_are_dropped_on_the_way(
    on_device: FaissVectorIndex, device: CountingIndex
) -> None:
    mask = np.arange(4000) % 2 == 0

    (hits,) = on_device.search(vectors(1, seed=8), 10, mask)

    # Of 34, half of which pass, ten do, and three standard deviations more.
    assert device.depths == [34]
    expected = np.argsort(-(vectors(1, seed=8) @ vectors(4000).T)[0])
    assert hits.rows.tolist() == [row for row in expected if row % 2 == 0][:10]


def test_a_mask_that_leaves_the_device_short_is_tried_deeper_and_then_scanned_on_the_cpu(
    on_device: FaissVectorIndex, device: CountingIndex
) -> None:
    similar = (vectors(1, seed=8) @ vectors(4000).T)[0]
    mask = similar < np.median(similar)  # nothing that is near passes

    (hits,) = on_device.search(vectors(1, seed=8), 10, mask)

    assert device.depths == [34, 4 * 34]
    assert hits.rows.tolist() == np.argsort(np.where(mask, -similar, 9))[:10].tolist()


def test_deeper_than_a_gpu_can_go_is_scanned_on_the_cpu(
    on_device: FaissVectorIndex, device: CountingIndex
) -> None:
    (hits,) = on_device.search(vectors(1), MAX_DEPTH + 1)

    assert len(hits) == MAX_DEPTH + 1
    assert device.depths == []


def test_auto_means_the_cpu_where_there_is_no_gpu(tmp_path: Path) -> None:
    build_vector_index(vectors(20), tmp_path)

    assert FaissVectorIndex.open(tmp_path, device="auto").on_gpu == (gpu_count() > 0)


def test_devices_that_cannot_be_had_are_refused(tmp_path: Path) -> None:
    build_vector_index(vectors(20), tmp_path)

    with pytest.raises(ConfigError, match="Use auto, cpu or cuda"):
        FaissVectorIndex.open(tmp_path, device="tpu")
    if gpu_count() == 0:
        with pytest.raises(ConfigError, match="FAISS sees no GPU"):
            FaissVectorIndex.open(tmp_path, device="cuda")


@pytest.mark.parametrize(
    "change",
    [{"count": 21}, {"dimension": 15}, {"kind": "hnsw"}, {"kind": "tree"}, {"effort": "much"}, {"count": -1}],
)
def test_a_layout_that_fits_no_index_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    build_vector_index(vectors(20), tmp_path)
    stored = json.loads((tmp_path / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps(stored | change))

    with pytest.raises(DamagedGenerationError, match="index"):
        FaissVectorIndex.open(tmp_path, device="cpu")


def test_an_index_knows_the_encoder_that_made_it(tmp_path: Path) -> None:
    build_vector_index(vectors(20), tmp_path, encoder="a07b")
    layout = VectorLayout.load(tmp_path)

    layout.check_encoder(layout.dimension, "a07b")
    with pytest.raises(EncoderMismatchError, match="fingerprint 3f9c, but the index was made by a07b"):
        layout.check_encoder(layout.dimension, "3f9c")
    with pytest.raises(DimensionMismatchError, match="emits 8 dimensions, the index holds"):
        layout.check_encoder(8, "a07b")


def test_an_index_of_an_earlier_version_takes_any_encoder_of_its_dimension(tmp_path: Path) -> None:
    build_vector_index(vectors(20), tmp_path)
    stored = json.loads((tmp_path / "index.json").read_text())
    del stored["encoder"]
    (tmp_path / "index.json").write_text(json.dumps(stored))

    VectorLayout.load(tmp_path).check_encoder(stored["dimension"], "3f9c")


def test_effort_grows_with_what_is_asked() -> None:
    layout = VectorLayout(
        IndexKind.HNSW, VectorStorage.INT8, 4, 9, effort=64, recall_at_10=1, recall_at_100=1, effort_at_10=16
    )

    assert [layout.effort_for(depth) for depth in (1, 10, 55, 100, 200)] == [16, 16, 40, 64, 128]
    assert replace(layout, effort=0, effort_at_10=0).effort_for(200) == 0


def test_a_generation_from_before_there_were_two_efforts_has_one(tmp_path: Path) -> None:
    build_vector_index(vectors(6_000), tmp_path)
    stored = json.loads((tmp_path / "index.json").read_text())
    del stored["effort_at_10"]
    (tmp_path / "index.json").write_text(json.dumps(stored))

    layout = VectorLayout.load(tmp_path)

    assert layout.effort_for(10) == layout.effort_for(100) == stored["effort"] > 0


def test_ten_are_found_with_no_more_effort_than_a_hundred_and_the_recall_aimed_at(tmp_path: Path) -> None:
    random = np.random.default_rng(2).standard_normal((6_000, 64))
    matrix = np.asarray(random / np.linalg.norm(random, axis=1, keepdims=True), np.float32)
    report = build_vector_index(matrix, tmp_path, kind=IndexKind.HNSW)
    index = FaissVectorIndex.open(tmp_path, device="cpu")
    queries = stand_ins(matrix, 200, np.random.default_rng(5))

    found = index.search(queries, 10)

    assert 0 < index.layout.effort_at_10 <= index.layout.effort
    assert report.recall_at_10 >= report.target_recall
    best = np.argsort(-(queries @ matrix.T), axis=1)[:, :10]
    hit = [np.isin(hits.rows, rows).mean() for hits, rows in zip(found, best, strict=True)]
    assert np.mean(hit) >= report.target_recall - 0.03


@pytest.mark.parametrize(("kind", "least", "most"), [(IndexKind.HNSW, 1, 300), (IndexKind.IVF, 1, 100)])
def test_effort_buys_recall(tmp_path: Path, kind: IndexKind, least: int, most: int) -> None:
    random = np.random.default_rng(2).standard_normal((6000, 64))
    matrix = np.asarray(random / np.linalg.norm(random, axis=1, keepdims=True), np.float32)
    build_vector_index(matrix, tmp_path, kind=kind, target_recall=0.3)
    index, layout = faiss.read_index(str(tmp_path / "index.faiss")), VectorLayout.load(tmp_path)
    queries = np.asarray(np.random.default_rng(3).standard_normal((60, 64)), np.float32)
    best = (queries @ matrix.T).argmax(axis=1)

    def found(effort: int) -> float:
        opened = FaissVectorIndex(index, replace(layout, effort=effort, effort_at_10=effort))
        return float(
            np.mean([hits.rows[0] == row for hits, row in zip(opened.search(queries, 1), best, strict=True)])
        )

    assert found(least) + 0.2 < found(most)
