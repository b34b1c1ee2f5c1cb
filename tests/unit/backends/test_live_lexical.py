"""A generation with products added to it answers as if all had been built together."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.lexical_folder import hardlink_into, open_linked
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.lexical_layout import LexicalLayout
from engine.backends.live_lexical import LiveLexicalIndex
from engine.backends.scratch_folder import ScratchFolder
from engine.backends.term_sets import TermSets
from engine.errors import DamagedGenerationError, FailedPreconditionError
from engine.stages.retrieve import LexicalIndex
from engine.types import Product, ProductId
from index_builder.lexical import build_lexical_index

WORDS = ["lamp", "desk", "chair", "oak", "steel", "blue", "large", "mini"]
COUNT = 160
QUERIES = [f"{left} {right}" for left in WORDS for right in WORDS[:3]] + ["nothing", "s17", "s 159 oak"]
EXPANSIONS = [("blue chair", 0.5), ("large", 0.2)]


def _products() -> list[Product]:
    """Few words, so that many have the same score."""
    random = np.random.default_rng(5)
    return [
        Product(
            ProductId(f"s{row}"),
            " ".join(random.choice(WORDS, random.integers(1, 4))),
            description=" ".join(random.choice(WORDS, random.integers(0, 4))),
        )
        for row in range(COUNT)
    ]


PRODUCTS = _products()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """By how many of the products, from the first on, were built."""
    places = {count: tmp_path_factory.mktemp("base") for count in (0, 1, 20, 79, 81, 150, COUNT)}
    for count, place in places.items():
        build_lexical_index(PRODUCTS[:count], place)
    return places


@pytest.fixture(scope="module")
def oracle(folders: dict[int, Path]) -> TantivyLexicalIndex:
    return TantivyLexicalIndex.open(folders[COUNT])


@contextmanager
def opened(base: Path, scratch: Path | None = None) -> Iterator[LiveLexicalIndex]:
    live = LiveLexicalIndex.open(base, scratch)
    try:
        yield live
    finally:
        live.close()


def assert_same_answers(found: LexicalIndex, oracle: LexicalIndex, count: int = COUNT) -> None:
    choices: list[dict[str, Any]] = [{}, {"mask": np.arange(count) % 3 > 0}, {"expansions": EXPANSIONS}]
    rows = np.arange(count)[::-1].copy()
    for query in QUERIES:
        for limit in (1, 10, count):
            for arguments in choices:
                hits = found.search(query, limit, **arguments)
                expected = oracle.search(query, limit, **arguments)
                assert hits.rows.tolist() == expected.rows.tolist()
                assert hits.scores == pytest.approx(expected.scores, rel=1e-5)
                assert hits.complete == expected.complete
        words = query.split()
        assert found.held(words, rows).tolist() == oracle.held(words, rows).tolist()


def test_without_a_live_product_the_answers_are_the_generations_to_the_last_bit(
    folders: dict[int, Path], oracle: TantivyLexicalIndex
) -> None:
    with opened(folders[COUNT]) as live:
        assert len(live.snapshot) == COUNT
        assert live.add([]) is live.snapshot
        for query in QUERIES:
            hits, expected = live.snapshot.search(query, 20), oracle.search(query, 20)
            assert hits.rows.tobytes() == expected.rows.tobytes()
            assert hits.scores.tobytes() == expected.scores.tobytes()


@settings(max_examples=15, deadline=None)
@given(base=st.sampled_from([0, 1, 20, 79, 81, 150]), data=st.data())
def test_however_products_come_the_answers_are_those_of_one_build(
    folders: dict[int, Path], oracle: TantivyLexicalIndex, base: int, data: st.DataObject
) -> None:
    stops = [*sorted(data.draw(st.sets(st.integers(base + 1, COUNT - 1), max_size=30))), COUNT]

    with opened(folders[base]) as live:
        for start, stop in zip([base, *stops], stops, strict=False):
            assert len(live.add(PRODUCTS[start:stop])) == stop

        assert_same_answers(live.snapshot, oracle)


def test_merged_segments_give_the_same_answers(folders: dict[int, Path], oracle: TantivyLexicalIndex) -> None:
    """One product a commit: tantivy merges eight segments at a time, the small base with them."""
    with opened(folders[81]) as live:
        for product in PRODUCTS[81:]:
            live.add([product])

        assert_same_answers(live.snapshot, oracle)


def test_a_snapshot_never_sees_what_came_after_it(folders: dict[int, Path], tmp_path: Path) -> None:
    with opened(folders[150]) as live:
        snapshots = [live.snapshot, *(live.add([product]) for product in PRODUCTS[150:])]

    for count, snapshot in enumerate(snapshots, 150):
        build_lexical_index(PRODUCTS[:count], tmp_path / str(count))
        assert len(snapshot) == count
        assert_same_answers(snapshot, TantivyLexicalIndex.open(tmp_path / str(count)), count)


def test_searches_run_while_another_thread_adds(
    folders: dict[int, Path], oracle: TantivyLexicalIndex
) -> None:
    with opened(folders[20]) as live, ThreadPoolExecutor(4) as pool:
        adding = pool.submit(lambda: [live.add(PRODUCTS[row : row + 2]) for row in range(20, COUNT, 2)])

        def search() -> int:
            """Each of the hits is in the snapshot, and so are all of an earlier snapshot."""
            searches, before = 0, 0
            while not adding.done():
                snapshot = live.snapshot
                hits = snapshot.search("lamp desk chair oak", COUNT)
                assert before <= len(hits) <= len(snapshot)
                assert not len(hits) or hits.rows.max() < len(snapshot)
                assert snapshot.held(["oak"], hits.rows).shape == (1, len(hits))
                searches, before = searches + 1, len(hits)
            return searches

        searchers = [pool.submit(search) for _ in range(3)]

        assert all(searcher.result() > 0 for searcher in searchers)
        assert len(adding.result()[-1]) == COUNT
        assert_same_answers(live.snapshot, oracle)


def test_products_one_by_one_leave_few_segments_and_the_generations_own_as_it_was(tmp_path: Path) -> None:
    """Tantivy merges segments of up to 16,800 products with small ones; a larger generation is left alone."""
    build_lexical_index([Product(ProductId(str(row)), "oak") for row in range(17_000)], tmp_path / "base")
    (generation,) = _segments(tmp_path / "base")
    counts = []

    with opened(tmp_path / "base", tmp_path) as live:
        for row in range(100):
            live.add([Product(ProductId(f"new{row}"), "new lamp")])
            counts.append(len(_segments(_own_folder(tmp_path))))

        assert generation in _segments(_own_folder(tmp_path))
        assert max(counts) <= 25  # 8 before a merge begins, and those that come while it runs
        assert len(live.snapshot.search("new", 300)) == 100


def test_products_are_added_after_the_generations_folder_is_gone(
    folders: dict[int, Path], oracle: TantivyLexicalIndex, tmp_path: Path
) -> None:
    """A generation may be pruned while it is served."""
    shutil.copytree(folders[79], tmp_path / "copy")

    with opened(tmp_path / "copy") as live:
        shutil.rmtree(tmp_path / "copy")
        for start in range(79, COUNT, 5):
            live.add(PRODUCTS[start : start + 5])

        assert_same_answers(live.snapshot, oracle)


def test_closing_leaves_nothing_behind_but_snapshots_that_work(
    folders: dict[int, Path], oracle: TantivyLexicalIndex, tmp_path: Path
) -> None:
    live = LiveLexicalIndex.open(folders[150], tmp_path)
    snapshot = live.add(PRODUCTS[150:])

    live.close()
    live.close()

    assert list(tmp_path.iterdir()) == []
    assert_same_answers(snapshot, oracle)
    with pytest.raises(FailedPreconditionError, match="could not be written"):
        live.add(PRODUCTS[:1])


def test_a_damaged_generation_is_refused_and_leaves_no_folder(
    folders: dict[int, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders[20], tmp_path / "copy")
    next((tmp_path / "copy").glob("*.term")).write_bytes(b"")
    (tmp_path / "scratch").mkdir()

    with pytest.raises(DamagedGenerationError, match="word index"):
        LiveLexicalIndex.open(tmp_path / "copy", tmp_path / "scratch")

    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("spare", [0, 1, 3, 5])
@pytest.mark.parametrize("earlier", [0, 10])
def test_without_file_handles_nothing_is_added_and_the_same_call_succeeds_later(
    folders: dict[int, Path], oracle: TantivyLexicalIndex, spare: int, earlier: int
) -> None:
    with opened(folders[81]) as live:
        live.add(PRODUCTS[81 : 81 + earlier])
        before = live.snapshot

        with _file_handles(spare), pytest.raises(FailedPreconditionError, match="file handles"):
            live.add(PRODUCTS[81 + earlier :])

        assert live.snapshot is before
        live.add(PRODUCTS[81 + earlier :])
        assert_same_answers(live.snapshot, oracle)


class IndexThatCannotReloadOnce:
    """Tantivy's index, but the first commit cannot be read."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def reload(self) -> None:
        if not self._failed:
            self._failed = True
            raise OSError("too many open files")
        self._index.reload()


def test_products_that_were_written_but_could_not_be_read_are_not_there_twice(
    folders: dict[int, Path], oracle: TantivyLexicalIndex, tmp_path: Path
) -> None:
    place, layout = ScratchFolder("words-", tmp_path), LexicalLayout.load(folders[81])
    hardlink_into(place.path, folders[81])
    index, searcher = open_linked(place.path, folders[81], layout)
    terms = TermSets.open(folders[81])
    live = LiveLexicalIndex(place, IndexThatCannotReloadOnce(index), searcher, layout, terms)

    with pytest.raises(FailedPreconditionError, match="too many open files"):
        live.add(PRODUCTS[81:])
    live.add(PRODUCTS[81:])

    assert_same_answers(live.snapshot, oracle)
    live.close()


@contextmanager
def _file_handles(spare: int) -> Iterator[None]:
    """No more than `spare` files can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _own_folder(scratch: Path) -> Path:
    return next(path for path in scratch.iterdir() if path.name.startswith("cartograph-") and path.is_dir())


def _segments(folder: Path) -> list[str]:
    return [segment["segment_id"] for segment in json.loads((folder / "meta.json").read_text())["segments"]]
