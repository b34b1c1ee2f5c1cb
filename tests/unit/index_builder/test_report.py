from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.errors import ConfigError
from index_builder.quality import CleanCatalogue, load_catalogue
from index_builder.report import summarise, write_report

VOID = {"meta", "br"}


@pytest.fixture
def catalogue(tmp_path: Path) -> CleanCatalogue:
    path = tmp_path / "feed<script>.jsonl"
    rows = [
        {
            "id": "1",
            "title": "Brass desk lamp with a green shade",
            "price": 10,
            "currency": "EUR",
            "watts": 7,
        },
        {
            "id": "2",
            "title": "Brass desk lamp with a green shade",
            "price": 20,
            "currency": "EUR",
            "watts": 7,
        },
        {
            "id": "3",
            "title": "Oak chair",
            "price": 0,
            "<img src=x>": "<script>alert(1)</script>red",
            "watts": "9 W",
        },
        {"id": "4", "title": "Table", "price": "<b>free</b>"},
        {"id": "5", "title": "Oak chair", "price": 0, "<img src=x>": "red", "watts": "9 W"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\nnot <i>json</i>\n")
    return load_catalogue([path], max_bad_share=0.5)


class Page(HTMLParser):
    """Collects the tags, the text, and whether every element that opens also closes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_summary_counts_what_was_read_kept_and_set_aside(catalogue: CleanCatalogue) -> None:
    content = summarise(catalogue)

    assert (content["row_count"], content["product_count"]) == (6, 3)
    assert (content["bad_row_count"], content["duplicate_row_count"]) == (
        2,
        1,
    )  # a bad price, bad JSON; one copy
    assert [(reason["code"], reason["count"], reason["bad"]) for reason in content["quarantine"]] == [
        ("bad_json", 1, True),
        ("bad_price", 1, True),
        ("duplicate_content", 1, False),
    ]
    fields = {field["name"]: field["share"] for field in content["fields"]}
    assert fields["price"] == round(2 / 3, 4)
    assert content["prices"][0]["median"] == (10 + 20) / 2
    assert content["near_duplicates"] == [{"ids": ["1", "2"], "lowest_similarity": 1.0}]
    watts = next(attribute for attribute in content["attributes"] if attribute["key"] == "watts")
    assert (watts["type"], watts["seen"]) == ("text", {"number": 2, "text": 2})


def test_the_files_hold_the_summary_the_page_and_one_line_per_quarantined_row(
    tmp_path: Path, catalogue: CleanCatalogue
) -> None:
    content = write_report(tmp_path / "deep" / "report", catalogue)

    folder = tmp_path / "deep" / "report"
    assert json.loads((folder / "quality.json").read_text()) == content
    lines = [json.loads(line) for line in (folder / "quarantine.jsonl").read_text().splitlines()]
    assert [(line["line"], line["code"]) for line in lines] == [
        (4, "bad_price"),
        (5, "duplicate_content"),
        (6, "bad_json"),
    ]
    assert all(set(line) == {"file", "line", "code", "reason", "row"} for line in lines)


def test_the_page_is_whole_html_in_which_the_shops_text_is_only_text(
    tmp_path: Path, catalogue: CleanCatalogue
) -> None:
    write_report(tmp_path / "report", catalogue)

    page = Page((tmp_path / "report" / "quality.html").read_text())

    assert not page.open
    assert not page.tags & {"script", "img", "i", "link", "iframe"}
    assert "not <i>json</i>" in page.text
    assert "feed<script>.jsonl" in page.text
    assert "Prices in EUR" in page.text


def test_the_same_catalogue_gives_the_same_bytes(tmp_path: Path, catalogue: CleanCatalogue) -> None:
    for name in ("first", "second"):
        write_report(tmp_path / name, catalogue)

    for file in ("quality.json", "quality.html", "quarantine.jsonl"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, catalogue: CleanCatalogue) -> None:
    (tmp_path / "report").write_text("a file is in the way")

    with pytest.raises(ConfigError, match="cannot be written to"):
        write_report(tmp_path / "report", catalogue)
