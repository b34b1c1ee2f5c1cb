from __future__ import annotations

import gzip
import json
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DataError
from index_builder.quality import clean, load_catalogue
from index_builder.sources import BadRow, Problem, RawRow, read_rows
from index_builder.sources.delimited import MAX_RECORD_LINES
from tests.unit.index_builder.catalogue_files import SUFFIXES, WRITERS, as_csv, as_parquet, write

LAMP = {"id": "L1", "title": "Desk lamp"}
CHAIR = {"id": "C1", "title": "Oak chair"}


def lines_and_codes(path: Path) -> list[tuple[int, Problem | None]]:
    return [(row.line, row.code if isinstance(row, BadRow) else None) for row in read_rows(path)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    rows = list(read_rows(write(tmp_path, suffix, [LAMP, CHAIR])))

    assert [row.values for row in rows if isinstance(row, RawRow)] == [LAMP, CHAIR]
    header_lines = 1 if suffix.startswith((".csv", ".tsv")) else 0
    assert [row.line for row in rows] == [header_lines + 1, header_lines + 2]


@pytest.mark.parametrize("suffix", WRITERS)
def test_gzip_is_known_by_its_bytes_even_under_a_plain_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plain{suffix}"
    path.write_bytes(gzip.compress(WRITERS[suffix]([LAMP])))

    assert [row.values for row in read_rows(path) if isinstance(row, RawRow)] == [LAMP]


def test_a_file_named_gz_that_is_not_gzipped_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv.gz"
    path.write_bytes(as_csv([LAMP]))

    assert [row.values for row in read_rows(path) if isinstance(row, RawRow)] == [LAMP]


def test_parquet_and_json_lines_are_known_by_their_bytes_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "one.data").write_bytes(as_parquet([LAMP]))
    (tmp_path / "two.data").write_text(json.dumps(LAMP))

    for name in ("one.data", "two.data"):
        assert [row.values for row in read_rows(tmp_path / name) if isinstance(row, RawRow)] == [LAMP]


def test_a_malformed_json_line_is_set_aside_with_its_line_and_the_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.jsonl"
    path.write_bytes(
        b'{"id": "1", "title": "a"}\n'
        b"\n"  # blank: skipped, but counted
        b'{"id": "2", "title": \n'
        b'["not", "an", "object"]\n'
        b'{"id": "5", "title": "\xff"}\n'
        b'{"id": 1' + b"0" * 5000 + b"}\n" + b"[" * 100_000 + b"\n"
        b'{"id": "8", "title": "b"}'
    )

    assert lines_and_codes(path) == [
        (1, None),
        (3, Problem.BAD_JSON),
        (4, Problem.NOT_AN_OBJECT),
        (5, Problem.BAD_ENCODING),
        (6, Problem.BAD_JSON),
        (7, Problem.BAD_JSON),
        (8, None),
    ]


def test_a_line_above_eight_mebibytes_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.jsonl"
    path.write_bytes(b'{"id": "' + b"x" * (17 * 1024 * 1024) + b'"}\n{"id": "2"}\n')

    assert lines_and_codes(path) == [(1, Problem.LINE_TOO_LONG), (2, None)]


def test_a_csv_row_of_the_wrong_width_or_encoding_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_bytes(b"id,title\n1,a\n2\n3,b,c\n4,\xe9\n\n6,d\n")

    assert lines_and_codes(path) == [
        (2, None),
        (3, Problem.COLUMN_COUNT),
        (4, Problem.COLUMN_COUNT),
        (5, Problem.BAD_ENCODING),
        (7, None),
    ]


def test_a_quoted_csv_cell_may_span_lines_and_rows_keep_their_first_line(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text('id,title\n1,"two\nlines, one ""cell"""\n2,b\n')

    rows = [row for row in read_rows(path) if isinstance(row, RawRow)]

    assert [(row.line, row.values["title"]) for row in rows] == [(2, 'two\nlines, one "cell"'), (4, "b")]


def test_a_stray_quote_costs_one_row_and_not_the_rest_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    many = MAX_RECORD_LINES + 100
    path.write_text('id,title\n1,"never closed\n' + "".join(f"{n},ok\n" for n in range(2, many)))

    assert lines_and_codes(path) == [(2, Problem.BAD_CSV), *((line, None) for line in range(3, many + 1))]


def test_a_stray_quote_that_finds_a_partner_further_down_costs_the_two_rows(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text('id,title\n1,"open\n2,b\n3,c",d\n4,e\n')

    assert lines_and_codes(path) == [
        (2, Problem.BAD_CSV),
        (3, None),
        (4, Problem.COLUMN_COUNT),  # 3,c",d has three cells
        (5, None),
    ]


def test_semicolons_separate_where_the_header_has_no_comma(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text("\ufeffid;title;price\n1;Lamp;19,90\n", encoding="utf-8")

    assert [row.values for row in read_rows(path) if isinstance(row, RawRow)] == [
        {"id": "1", "title": "Lamp", "price": "19,90"}
    ]


def test_inches_in_a_tsv_are_plain_characters(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.tsv"
    path.write_text('id\ttitle\n1\t"Best" 15.6" laptop\n2\t"a ""quoted"" one"\n')

    titles = [row.values["title"] for row in read_rows(path) if isinstance(row, RawRow)]

    assert titles == ['"Best" 15.6" laptop', 'a "quoted" one']


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("header.csv", b"id,title\n", "holds no rows"),
        ("blank.jsonl", b"\n \n", "holds no rows"),
        ("array.json", b'[{"id": "1"}]', "one JSON array"),
        ("wide.csv", "id,title\n1,a\n".encode("utf-16"), "UTF-16"),
        ("notes.docx", b"PK\x03\x04", "kind of file cannot be told"),
        ("fake.parquet", b"id,title\n1,a\n", "do not start as Parquet's do"),
        ("torn.parquet", b"PAR1 and then nothing", "the Parquet data is damaged"),
        ("torn.csv.gz", gzip.compress(b"id,title\n1,a\n", mtime=0)[:-9], "the gzip data is damaged"),
        ("twice.csv", b"id,title,id\n1,a,2\n", "two columns are called 'id'"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DataError, match=problem) as caught:
        list(read_rows(path))

    assert str(path) in caught.value.message


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        list(read_rows(tmp_path / "absent.csv"))
    with pytest.raises(DataError, match="this is not a file"):
        list(read_rows(tmp_path))


words = (
    st.text(st.characters(codec="utf-8", categories=("Lu", "Ll", "Lo")), min_size=1, max_size=12)
    .map(lambda word: f"x{word}")  # so that no word reads as a number, a boolean or an empty cell
    .filter(lambda word: clean(word) == word)  # "xăŁ" is what a wrong encoding makes of another word
)
quoted = st.sampled_from(['12" rack', 'say "hi", twice', "semi; colon", "'s", "a, b", '"all in quotes"'])
phrases = st.lists(words | quoted, min_size=1, max_size=4).map(" ".join)


@st.composite
def catalogues(draw: st.DrawFn) -> list[dict[str, object]]:
    ids = draw(
        st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True), min_size=1, max_size=6, unique=True)
    )
    optional = {
        "brand": phrases,
        "description": phrases,
        "category": st.lists(words, min_size=1, max_size=3),
        "price": st.integers(1, 999_999).map(lambda cents: cents / 100),
        "availability": st.sampled_from(["in_stock", "out_of_stock", "preorder"]),
        "image_uri": st.just("https://shop.example/a.jpg"),
        "date_released": st.dates(date(1900, 1, 1), date(2100, 12, 31)).map(str),
        "colour": phrases,
        "weight": st.floats(-1e12, 1e12),
        "wireless": st.booleans(),
        "fits": st.lists(phrases, min_size=2, max_size=3),
    }
    columns = {name: values | st.none() for name, values in optional.items()}
    return [
        {"id": name, "title": draw(phrases), "currency": "EUR", **draw(st.fixed_dictionaries(columns))}
        for name in ids
    ]


@settings(max_examples=20, deadline=None)
@given(catalogues())
def test_a_catalogue_gives_the_same_products_through_every_format(rows: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = {
            suffix: load_catalogue([write(Path(folder), suffix, rows)], near_duplicates=False)
            for suffix in SUFFIXES
        }
    first = found[".jsonl"]
    assert first.products[0].id == rows[0]["id"]
    assert not first.bad_rows
    for catalogue in found.values():
        assert catalogue.products == first.products
        assert catalogue.attribute_kinds == first.attribute_kinds


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from(
    [
        "id",
        "title",
        "brand",
        "category",
        "price",
        "currency",
        "availability",
        "image",
        "date_released",
        "attributes",
        "x",
    ]
)


def only_data_errors(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            catalogue = load_catalogue([path], max_bad_share=1)
        except DataError:
            return
        assert catalogue.row_count == len(catalogue.products) + len(catalogue.quarantined)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SUFFIXES), st.binary(max_size=400))
def test_any_bytes_raise_nothing_but_a_data_error(suffix: str, content: bytes) -> None:
    only_data_errors(f"any{suffix}", content)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([".csv", ".tsv", ".csv.gz", ".jsonl"]),
    st.lists(
        st.sampled_from(
            [b"id", b"title", b"a", b'"', b",", b"\t", b"\n", b"\r", b"\xff", b"{", b"}", b"1", b":"]
        )
    ),
)
def test_any_near_miss_of_a_table_raises_nothing_but_a_data_error(suffix: str, parts: list[bytes]) -> None:
    only_data_errors(f"near{suffix}", b"id,title\n1,a\n" + b"".join(parts))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(FIELD_NAMES, JSON_LIKE, max_size=8), min_size=1, max_size=4))
def test_any_json_objects_raise_nothing_but_a_data_error(rows: list[dict[str, object]]) -> None:
    only_data_errors("any.jsonl", "\n".join(json.dumps(row) for row in rows).encode())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_a_torn_parquet_file_raises_nothing_but_a_data_error(place: int, damage: bytes) -> None:
    content = bytearray(as_parquet([LAMP, CHAIR]))
    place %= len(content)
    content[place : place + len(damage)] = damage

    only_data_errors("torn.parquet", bytes(content))
