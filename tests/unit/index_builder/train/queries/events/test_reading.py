import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError, DataError
from index_builder.quality.catalogue import TooManyBadRowsError
from index_builder.sources.rows import Problem, QuarantinedRow
from index_builder.train.queries.events.reading import read_events

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["click", "view", "cart", "2023-11-14T22:13:20Z", "ink", "1e400", "-0"]),
    st.lists(st.integers(), max_size=2),
)
FIELDS = st.sampled_from(
    ["type", "query", "product_id", "position", "shopper_id", "session_id", "time", "search_id", "x"]
)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_files_of_all_kinds_are_one_log(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "type,query,product_id,position", "click,Red Ink,p1,2", "view,ink,p2,")
    second = tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(json.dumps({"type": "buy", "query": "red  ink", "sku": "p1"}).encode()))
    read = read_events([first, second])
    assert (read.row_count, read.bad_counts) == (3, {})
    assert read.table.queries == ("Red Ink", "ink")
    assert read.table.products == ("p1", "p2")
    assert read.table.kind.tolist() == [1, 0, 3]
    assert read.table.query.tolist() == [0, 1, 0]
    assert read.table.position.tolist() == [2, 0, 0]


def test_ids_are_kept_as_numbers_that_say_nothing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "type,query,product_id,shopper_id",
        "click,ink,p1,anna",
        "click,ink,p1,",
        "click,ink,p1,bert",
        "click,ink,p1,anna",
    )
    first, nobody, second, again = read_events([path]).table.shopper.tolist()
    assert (nobody, again) == (-1, first)
    assert {first, second} == {0, 1}


def test_bad_rows_are_set_aside_with_their_line_and_a_reason(tmp_path: Path) -> None:
    rows = ["click,ink,p1"] * 30
    path = write(tmp_path / "a.csv", "type,query,product_id", *rows, "hover,ink,p1")
    told: list[QuarantinedRow] = []
    read = read_events([path], on_bad_row=told.append)
    assert tuple(told) == read.bad
    assert read.bad_counts == {Problem.BAD_EVENT: 1}
    assert (told[0].file, told[0].line) == (str(path), 32)
    assert told[0].reason == "the type 'hover' is none of impression, click, cart, purchase"
    assert len(read.table) == 30


def test_a_file_with_too_many_bad_rows_is_refused_though_others_are_good(tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv", "type,query,product_id", *["click,ink,p1"] * 100)
    bad = write(tmp_path / "b.csv", "type,query,product_id,position", "click,ink,p1,1", "click,ink,p1,0")
    with pytest.raises(
        TooManyBadRowsError, match=r"1 of 2 events are bad \(5.0% are accepted\): 1 x bad_position \(line 3"
    ):
        read_events([good, bad])
    assert len(read_events([good, bad], max_bad_share=0.5).table) == 101


def test_a_file_without_a_good_row_is_refused_whatever_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(TooManyBadRowsError, match="1 of 1 events are bad"):
        read_events([write(tmp_path / "a.jsonl", '{"type": "click"}')], max_bad_share=1.0)


def test_no_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="No events file"):
        read_events([])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(FIELDS, CELLS, max_size=8), max_size=4))
def test_no_row_of_json_raises_anything_but_a_data_error(tmp_path: Path, rows: list[object]) -> None:
    path = write(tmp_path / "a.jsonl", *(json.dumps(row) for row in rows))
    try:
        read = read_events([path], max_bad_share=1.0)
    except DataError:
        return
    assert len(read.table) + sum(read.bad_counts.values()) == read.row_count == len(rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from(["csv", "tsv", "jsonl", "parquet"]))
def test_no_bytes_raise_anything_but_a_data_error(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(b"type,query,product_id\nclick,ink,p1\n" + content if kind == "csv" else content)
    try:
        read = read_events([path], max_bad_share=1.0)
    except DataError:
        return
    assert len(read.table) > 0
