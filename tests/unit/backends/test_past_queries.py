"""Past queries as they are merged, read back and suggested."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.past_queries import PastQueryStore
from engine.backends.vector_index import FaissVectorIndex
from engine.errors import DamagedGenerationError
from engine.stages.retrieve import PastQueries
from engine.text import normalise
from engine.types import FloatArray, PastQuery
from index_builder.past_queries import build_past_queries


def asked(text: str, count: int = 1, *rows: int) -> PastQuery:
    return PastQuery(text, count, np.array(rows, np.int64))


def embeddings(count: int) -> FloatArray:
    drawn = np.random.default_rng(0).standard_normal((count, 8))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def store(folder: Path, *queries: PastQuery) -> PastQueryStore:
    build_past_queries(queries, embeddings(len(queries)), folder)
    return PastQueryStore.open(folder)


def texts(found: PastQueryStore, prefix: str, limit: int = 10) -> list[str]:
    return [query.text for query in found.suggest(prefix, limit)]


def test_reads_back_what_was_asked(tmp_path: Path) -> None:
    opened: PastQueries = store(tmp_path, asked("desk lamp", 5, 7, 3), asked("mug", 2))

    lamp, mug = opened.get(0), opened.get(1)

    assert len(opened) == 2
    assert (lamp.text, lamp.count, lamp.rows.tolist()) == ("desk lamp", 5, [7, 3])
    assert (mug.text, mug.count, mug.rows.tolist()) == ("mug", 2, [])
    assert mug.rows.dtype == np.int64


@pytest.mark.parametrize("row", [-1, 2])
def test_a_row_outside_is_refused(tmp_path: Path, row: int) -> None:
    with pytest.raises(IndexError, match="0 to 1"):
        store(tmp_path, asked("a"), asked("b")).get(row)


def test_spellings_of_one_query_become_one(tmp_path: Path) -> None:
    queries = [asked("Desk  Lamp", 5, 7, 3), asked("mug", 2), asked("desk lamp", 4, 3, 9), asked(" \t", 8)]

    report = build_past_queries(queries, embeddings(4), tmp_path)

    opened = PastQueryStore.open(tmp_path)
    merged = opened.get(0)
    assert (merged.text, merged.count, merged.rows.tolist()) == ("desk lamp", 5 + 4, [7, 3, 9])
    assert (len(opened), report.query_count, report.merged_count, report.empty_count) == (2, 2, 1, 1)


def test_row_i_of_the_vectors_is_query_i(tmp_path: Path) -> None:
    vectors = embeddings(4)
    build_past_queries([asked("a"), asked("A"), asked(""), asked("b")], vectors, tmp_path)

    index = FaissVectorIndex.open(tmp_path / "vectors", device="cpu")

    assert index.vectors(np.arange(2)) == pytest.approx(vectors[[0, 3]])


def test_the_most_asked_comes_first_and_ties_go_by_text(tmp_path: Path) -> None:
    found = store(tmp_path, asked("lamp oil", 3), asked("lamp", 3), asked("lamp shade", 9), asked("mug", 50))

    assert texts(found, "la") == ["lamp shade", "lamp", "lamp oil"]
    assert texts(found, "la", 1) == ["lamp shade"]


def test_a_later_word_comes_after_every_beginning(tmp_path: Path) -> None:
    found = store(
        tmp_path, asked("desk lamp", 90), asked("lamp", 1), asked("clamp", 99), asked("lamp lamp", 1)
    )

    assert texts(found, "lamp") == ["lamp", "lamp lamp", "desk lamp"]


def test_chinese_is_found_from_any_character(tmp_path: Path) -> None:
    found = store(tmp_path, asked("蓝牙耳机", 9), asked("耳机", 2), asked("耳环", 5))

    assert texts(found, "耳") == ["耳环", "耳机", "蓝牙耳机"]
    assert texts(found, "蓝") == ["蓝牙耳机"]


def test_a_closing_blank_ends_the_word(tmp_path: Path) -> None:
    found = store(tmp_path, asked("usb cable"), asked("usbc hub"), asked("usb"))

    assert texts(found, "USB ") == ["usb cable"]
    assert texts(found, "usb") == ["usb", "usb cable", "usbc hub"]


@pytest.mark.parametrize(("prefix", "limit"), [("", 5), ("   ", 5), ("zz", 5), ("a", 0), ("a", -1)])
def test_nothing_typed_or_wanted_suggests_nothing(tmp_path: Path, prefix: str, limit: int) -> None:
    assert texts(store(tmp_path, asked("apple")), prefix, limit) == []


WORDS = st.text("abAB 耳机é", min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    queries=st.lists(st.tuples(WORDS, st.integers(1, 4)), min_size=1, max_size=12),
    prefix=st.text("ab耳é", min_size=1, max_size=2),
    limit=st.integers(1, 5),
)
def test_beginnings_are_those_a_plain_scan_finds(
    tmp_path_factory: pytest.TempPathFactory, queries: list[tuple[str, int]], prefix: str, limit: int
) -> None:
    found = store(tmp_path_factory.mktemp("q"), *(asked(text, count) for text, count in queries))
    counts: dict[str, int] = {}
    for text, count in queries:
        counts[normalise(text)] = counts.get(normalise(text), 0) + count
    counts.pop("", None)
    beginnings = sorted(
        (-count, text) for text, count in counts.items() if text.startswith(normalise(prefix))
    )

    suggested = texts(found, prefix, limit)

    assert suggested[: len(beginnings)] == [text for _, text in beginnings][:limit]
    assert len(set(suggested)) == len(suggested)
    assert all(normalise(prefix) in text for text in suggested)


def test_the_same_queries_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        store(tmp_path / name, asked("lamp", 2, 1), asked("蓝牙耳机", 3))

    for file in ("queries.arrow", "starts.arrow", "vectors/index.faiss", "vectors/index.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_a_shop_without_past_queries_suggests_nothing(tmp_path: Path) -> None:
    found = store(tmp_path)

    assert (len(found), texts(found, "a")) == (0, [])


def test_lengths_and_counts_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 past queries, but 2 embeddings"):
        build_past_queries([asked("a")], embeddings(2), tmp_path)
    with pytest.raises(ValueError, match="asked 0 times"):
        build_past_queries([asked("a", 0)], embeddings(1), tmp_path)


@pytest.mark.parametrize("name", ["queries.arrow", "starts.arrow"])
@pytest.mark.parametrize("kept", [None, 0.0, 0.4, 0.95])
def test_damaged_files_are_refused_by_name(tmp_path: Path, name: str, kept: float | None) -> None:
    store(tmp_path, asked("lamp", 2, 1), asked("mug", 1))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if kept is not None:
        (tmp_path / name).write_bytes(content[: int(kept * len(content))])

    with pytest.raises(DamagedGenerationError, match=name):
        PastQueryStore.open(tmp_path)


def test_one_file_in_the_place_of_the_other_is_refused(tmp_path: Path) -> None:
    store(tmp_path, asked("lamp"))
    (tmp_path / "starts.arrow").write_bytes((tmp_path / "queries.arrow").read_bytes())

    with pytest.raises(DamagedGenerationError, match=r"starts\.arrow has the columns"):
        PastQueryStore.open(tmp_path)
