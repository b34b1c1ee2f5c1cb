from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DataError
from index_builder.quality import RawPastQuery, TooManyBadRowsError, load_past_queries
from index_builder.sources import Problem, QuarantinedRow
from tests.unit.index_builder.catalogue_files import as_jsonl, as_parquet


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


EXPECTED = [
    RawPastQuery("desk lamp", 12, ("L1", "L2")),  # type: ignore[arg-type]  # plain texts stand for ids here
    RawPastQuery("黑色 墨盒", 1, ()),
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.tsv", "query\tcount\tproduct_ids\ndesk lamp\t12\tL1 L2\n黑色 墨盒\t\t\n"),
        ("q.csv", "text,product_ids,count\ndesk lamp,L1|L2|L1,12\n黑色 墨盒,,1\n"),
        (
            "q.jsonl",
            as_jsonl(
                [{"query": "desk lamp", "count": 12, "product_ids": ["L1", "L2"]}, {"query": "黑色 墨盒"}]
            ),
        ),
        (
            "q.parquet",
            as_parquet(
                [{"query": "desk lamp", "count": 12, "product_ids": ["L1", "L2"]}, {"query": "黑色 墨盒"}]
            ),
        ),
    ],
)
def test_every_format_gives_the_same_past_queries(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert load_past_queries(file(tmp_path, name, content)) == EXPECTED


def test_numbers_as_ids_become_their_digits(tmp_path: Path) -> None:
    path = file(
        tmp_path, "q.jsonl", '{"query": 2540, "product_ids": [17, 18.0]}\n{"query": "b", "product_ids": 5}'
    )

    assert [(query.text, query.product_ids) for query in load_past_queries(path)] == [
        ("2540", ("17", "18")),
        ("b", ("5",)),
    ]


def test_queries_that_normalise_alike_are_added_up(tmp_path: Path) -> None:
    path = file(
        tmp_path, "q.tsv", "query\tcount\tproduct_ids\nDesk  Lamp\t2\tL1\nchair\t1\tC1\ndesk lamp\t3\tL2 L1\n"
    )

    assert [(query.text, query.count, query.product_ids) for query in load_past_queries(path)] == [
        ("Desk Lamp", 2 + 3, ("L1", "L2")),
        ("chair", 1, ("C1",)),
    ]


def test_bad_rows_are_handed_over_with_their_lines(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "q.csv",
        "query,count\nlamp,1\n  ,1\nchair,0\nchair,many\nchair,1.5\n" + "x" * 1001 + ",1\nshort\n",
    )
    bad: list[QuarantinedRow] = []

    queries = load_past_queries(path, max_bad_share=0.9, on_bad_row=bad.append)

    assert [query.text for query in queries] == ["lamp"]
    assert [(row.line, row.code) for row in bad] == [
        (3, Problem.EMPTY_QUERY),
        (4, Problem.BAD_COUNT),
        (5, Problem.BAD_COUNT),
        (6, Problem.BAD_COUNT),
        (7, Problem.LONG_QUERY),
        (8, Problem.COLUMN_COUNT),
    ]


def test_too_many_bad_rows_are_refused_with_the_commonest_reason(tmp_path: Path) -> None:
    path = file(tmp_path, "q.csv", "query,count\nlamp,1\nchair,0\n")

    with pytest.raises(TooManyBadRowsError) as caught:
        load_past_queries(path)

    assert "1 of 2 past queries are bad (5.0% are accepted): 1 x bad_count (line 3:" in caught.value.message


def test_a_file_without_a_query_column_is_told_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column is called query or text \(there are: words, n\)"):
        load_past_queries(file(tmp_path, "q.csv", "words,n\nlamp,1\n"))
