"""What every vector index promises, checked against exact float32 search in numpy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.backends.vector_gpu import gpu_count
from engine.backends.vector_index import FaissVectorIndex
from engine.backends.vector_layout import IndexKind, VectorStorage
from engine.errors import DamagedGenerationError, DimensionMismatchError
from engine.stages.retrieve import VectorIndex
from engine.types import FloatArray, Mask
from index_builder.vectors import build_vector_index

COUNT, DIMENSION, TARGET = 3000, 32, 0.95
QUANTISED_BY = {VectorStorage.INT8: 0.02, VectorStorage.FLOAT16: 0.002, VectorStorage.FLOAT32: 1e-5}
"""How far a score may be from the true cosine: int8 keeps 256 steps of a range of about 1 in each dimension.
"""


def unit(vectors: NDArray[Any]) -> FloatArray:
    scaled: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def clustered(count: int, seed: int) -> FloatArray:
    """Products come in kinds: 40 centres, and copies around them."""
    random = np.random.default_rng(seed)
    centres = unit(np.random.default_rng(7).standard_normal((40, DIMENSION)))
    noise = 0.6 * unit(random.standard_normal((count, DIMENSION)))
    return unit(centres[random.integers(0, 40, count)] + noise)


MATRIX = clustered(COUNT, seed=1)
QUERIES = clustered(50, seed=2)
TRUTH = QUERIES @ MATRIX.T


@dataclass(frozen=True)
class Built:
    folder: Path
    index: FaissVectorIndex
    tolerance: float

    @property
    def is_exact(self) -> bool:
        return self.index.layout.kind is IndexKind.FLAT


KINDS = [
    pytest.param((IndexKind.FLAT, VectorStorage.FLOAT32, "cpu"), id="flat"),
    pytest.param((IndexKind.HNSW, VectorStorage.INT8, "cpu"), id="hnsw-int8"),
    pytest.param((IndexKind.HNSW, VectorStorage.FLOAT32, "cpu"), id="hnsw-float32"),
    pytest.param((IndexKind.IVF, VectorStorage.INT8, "cpu"), id="ivf-int8"),
    pytest.param((IndexKind.IVF, VectorStorage.FLOAT16, "cpu"), id="ivf-float16"),
    pytest.param((IndexKind.FLAT, VectorStorage.FLOAT32, "cuda"), id="flat-gpu", marks=pytest.mark.gpu),
    pytest.param((IndexKind.HNSW, VectorStorage.INT8, "cuda"), id="hnsw-int8-gpu", marks=pytest.mark.gpu),
    pytest.param((IndexKind.IVF, VectorStorage.INT8, "cuda"), id="ivf-int8-gpu", marks=pytest.mark.gpu),
]


@pytest.fixture(scope="module", params=KINDS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    kind, storage, device = request.param
    if device == "cuda" and gpu_count() == 0:
        pytest.skip("FAISS sees no GPU")
    folder = tmp_path_factory.mktemp("vectors")
    report = build_vector_index(MATRIX, folder, target_recall=TARGET, seed=3, kind=kind, storages=(storage,))
    assert (report.kind, report.storage) == (kind, storage)
    return Built(folder, FaissVectorIndex.open(folder, device=device), QUANTISED_BY[storage])


def test_fits_the_protocol(built: Built) -> None:
    index: VectorIndex = built.index

    assert (len(index), index.dimension) == (COUNT, DIMENSION)


@pytest.mark.parametrize("limit", [1, 10, 100])
def test_finds_the_nearest_as_often_as_was_promised(built: Built, limit: int) -> None:
    found = built.index.search(QUERIES, limit)

    floors = np.sort(TRUTH, axis=1)[:, -limit]
    right = [TRUTH[i, hits.rows] >= floors[i] - 1e-6 for i, hits in enumerate(found)]
    assert all(len(hits) == limit for hits in found)
    assert np.mean(right) >= (1.0 if built.is_exact else TARGET - 0.03)


def test_scores_are_cosines(built: Built) -> None:
    for i, hits in enumerate(built.index.search(QUERIES, 20)):
        assert hits.scores == pytest.approx(TRUTH[i, hits.rows], abs=built.tolerance)
        assert hits.scores == pytest.approx(built.index.vectors(hits.rows) @ QUERIES[i], abs=2e-3)


def test_candidates_fall_by_score_then_row_and_are_unique(built: Built) -> None:
    for hits in built.index.search(QUERIES, 50):
        order = list(zip(-hits.scores, hits.rows, strict=True))
        assert order == sorted(order)
        assert len(set(hits.rows.tolist())) == 50


def _masks() -> st.SearchStrategy[tuple[str, float, int]]:
    shapes = st.sampled_from(["random", "nearest only", "furthest only", "all", "none", "one"])
    return st.tuples(shapes, st.sampled_from([0.01, 0.05, 0.2, 0.5, 0.8, 0.99]), st.integers(0, 2**16))


def _mask(shape: str, share: float, seed: int, truth: FloatArray) -> Mask:
    random = np.random.default_rng(seed)
    if shape == "random":
        return random.random(COUNT) < share
    if shape in ("all", "none"):
        return np.full(COUNT, shape == "all")
    mask = np.zeros(COUNT, bool)
    if shape == "one":
        mask[random.integers(COUNT)] = True
        return mask
    order = np.argsort(truth)
    passing = max(1, int(share * COUNT))
    mask[order[-passing:] if shape == "nearest only" else order[:passing]] = True
    return mask


@settings(max_examples=60, deadline=None)
@given(case=_masks(), query=st.integers(0, len(QUERIES) - 1), limit=st.sampled_from([1, 10, 60]))
def test_a_mask_never_leaks_and_never_costs_a_place(
    built: Built, case: tuple[str, float, int], query: int, limit: int
) -> None:
    mask = _mask(*case, TRUTH[query])

    (hits,) = built.index.search(QUERIES[query : query + 1], limit, mask)

    passing = int(mask.sum())
    assert mask[hits.rows].all()
    assert len(hits) == min(limit, passing)
    assert hits.complete == (limit >= passing)
    assert hits.scores == pytest.approx(TRUTH[query, hits.rows], abs=built.tolerance)
    best = np.sort(TRUTH[query, mask])[::-1][: len(hits)]
    if built.is_exact:
        assert hits.scores == pytest.approx(best, abs=1e-5)
    if case[0] == "furthest only" and len(best):
        # A walk towards the query never sees these rows, so only an exact scan can be this close to the best.
        assert hits.scores == pytest.approx(best, abs=2 * built.tolerance)


@pytest.mark.parametrize("share", [0.7, 0.3, 0.02])
def test_recall_holds_under_a_mask(built: Built, share: float) -> None:
    mask = np.random.default_rng(5).random(COUNT) < share

    found = built.index.search(QUERIES, 10, mask)

    floors = np.sort(np.where(mask, TRUTH, -2), axis=1)[:, -10]
    right = [TRUTH[i, hits.rows] >= floors[i] - 1e-6 for i, hits in enumerate(found)]
    assert np.mean(right) >= (1.0 if built.is_exact else TARGET - 0.03)


def test_the_same_search_gives_the_same_answer_alone_in_a_batch_in_threads_and_reopened(built: Built) -> None:
    again = FaissVectorIndex.open(built.folder, device="cuda" if built.index.on_gpu else "cpu", threads=2)
    mask = np.random.default_rng(9).random(COUNT) < 0.4

    def alone(i: int) -> tuple[list[int], list[float]]:
        (hits,) = built.index.search(QUERIES[i : i + 1], 30, mask)
        return hits.rows.tolist(), hits.scores.tolist()

    expected = [alone(i) for i in range(len(QUERIES))]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(alone, range(len(QUERIES)))) == expected
    for i, hits in enumerate(again.search(QUERIES, 30, mask)):
        assert hits.rows.tolist() == expected[i][0]
        assert hits.scores == pytest.approx(expected[i][1], abs=1e-6)


def test_more_than_everything_is_everything(built: Built) -> None:
    (hits,) = built.index.search(QUERIES[:1], COUNT + 5)

    assert sorted(hits.rows.tolist()) == list(range(COUNT))
    assert hits.complete


def test_nothing_asked_is_nothing_found(built: Built) -> None:
    (hits,) = built.index.search(QUERIES[:1], 0)

    assert len(hits) == 0
    assert built.index.search(QUERIES[:0], 5) == []
    assert built.index.vectors(np.empty(0, np.int64)).shape == (0, DIMENSION)


def test_stored_vectors_are_read_back(built: Built) -> None:
    rows = np.array([COUNT - 1, 0, 17, 17])

    cosines = (built.index.vectors(rows) * MATRIX[rows]).sum(axis=1)

    assert cosines == pytest.approx(np.ones(4), abs=built.tolerance)
    with pytest.raises(IndexError, match=f"0 to {COUNT - 1}"):
        built.index.vectors(np.array([COUNT]))


def test_an_encoder_of_another_size_is_refused(built: Built) -> None:
    with pytest.raises(DimensionMismatchError, match=rf"31 dimensions, the index holds {DIMENSION}"):
        built.index.search(QUERIES[:, :31], 5)


def test_a_mask_of_another_length_is_refused(built: Built) -> None:
    with pytest.raises(ValueError, match="mask"):
        built.index.search(QUERIES, 5, np.ones(COUNT + 1, bool))


@pytest.mark.parametrize(
    ("name", "kept"),
    [("index.faiss", kept) for kept in (0.0, 0.001, 0.3, 0.7, 0.999)]
    + [("index.json", kept) for kept in (0.0, 0.7)],
)
def test_a_file_cut_short_is_refused_by_name(built: Built, tmp_path: Path, name: str, kept: float) -> None:
    for file in built.folder.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(
            content[: int(kept * len(content))] if file.name == name else content
        )

    with pytest.raises(DamagedGenerationError, match=name):
        FaissVectorIndex.open(tmp_path, device="cpu")


@pytest.mark.parametrize("name", ["index.faiss", "index.json"])
def test_a_missing_file_is_refused_by_name(built: Built, tmp_path: Path, name: str) -> None:
    for file in built.folder.iterdir():
        if file.name != name:
            (tmp_path / file.name).write_bytes(file.read_bytes())

    with pytest.raises(DamagedGenerationError, match=f"{name} is missing"):
        FaissVectorIndex.open(tmp_path, device="cpu")
