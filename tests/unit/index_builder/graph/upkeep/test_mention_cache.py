"""A product is read once for each extractor, as long as its texts stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.types import Product, ProductId
from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField
from index_builder.graph.upkeep import mention_cache
from index_builder.graph.upkeep.mention_cache import read_cached


class Reader:
    """Finds the word "red" in titles, and remembers which rows it was asked for."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = products
        self.asked: list[int] = []

    def __call__(self, rows: Sequence[int]) -> list[Mention]:
        self.asked += rows
        return [mention for row in rows for mention in self.mentions(row)]

    def mentions(self, row: int) -> list[Mention]:
        place = self.products[row].title.find("red")
        if place < 0:
            return []
        seen = Mention(
            row, TextField.TITLE, place, place + 3, Label.COLOR, "red", Extractor.TAGGER, 0.1 + 0.2
        )
        return [replace(seen, relation=Relation.PART_OF), seen]


def shop(*titles: str) -> list[Product]:
    return [Product(ProductId(f"P{row}"), title, description="A lamp.") for row, title in enumerate(titles)]


def read(
    products: Sequence[Product], cache: Path, fingerprint: str = "v1"
) -> tuple[list[Mention], list[int]]:
    reader = Reader(products)
    return read_cached(products, fingerprint, reader, cache), reader.asked


def contents(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.rglob("*") if path.is_file()}


def test_only_changed_products_are_read_again(tmp_path: Path) -> None:
    first, asked = read(shop("red lamp", "blue lamp", "dark red lamp"), tmp_path)
    assert asked == [0, 1, 2]
    again, asked = read(shop("red lamp", "blue lamp", "dark red lamp"), tmp_path)
    assert (again, asked) == (first, [])
    changed, asked = read(shop("red lamp", "bright red lamp", "dark red lamp"), tmp_path)
    assert asked == [1]
    assert [(each.row, each.start) for each in changed[::2]] == [(0, 0), (1, 7), (2, 5)]


def test_a_product_that_moved_to_another_row_is_not_read_again(tmp_path: Path) -> None:
    read(shop("blue lamp", "red lamp"), tmp_path)
    mentions, asked = read(shop("red lamp", "blue lamp"), tmp_path)
    assert asked == []
    assert {each.row for each in mentions} == {0}


def test_products_of_one_text_are_read_once(tmp_path: Path) -> None:
    mentions, asked = read(shop("red lamp", "red lamp"), tmp_path)
    assert asked == [0]
    assert [each.row for each in mentions] == [0, 0, 1, 1]


def test_title_and_description_do_not_run_into_each_other(tmp_path: Path) -> None:
    one = Product(ProductId("1"), "red la", description="mp")
    two = Product(ProductId("2"), "red lamp", description="")
    assert read([one, two], tmp_path)[1] == [0, 1]


def test_another_extractor_reads_anew(tmp_path: Path) -> None:
    read(shop("red lamp"), tmp_path)
    assert read(shop("red lamp"), tmp_path, "v2")[1] == [0]


def test_the_same_input_leaves_the_same_bytes(tmp_path: Path) -> None:
    titles = [f"red lamp {number}" for number in range(20)]
    for name in ("one", "two"):
        read(shop(*titles), tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two") != {}


def test_a_kill_costs_the_chunk_at_work_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mention_cache, "CHUNK_PRODUCTS", 2)
    products = shop("red a", "red b", "red c", "red d", "red e")
    reader = Reader(products)

    def killed_in_the_second_chunk(rows: Sequence[int]) -> list[Mention]:
        if 2 in rows:
            raise KeyboardInterrupt
        return reader(rows)

    with pytest.raises(KeyboardInterrupt):
        read_cached(products, "v1", killed_in_the_second_chunk, tmp_path)
    mentions, asked = read(products, tmp_path)
    assert asked == [2, 3, 4]
    assert len(mentions) == 10


@pytest.mark.parametrize("left", [0, 100, -1])
def test_a_damaged_chunk_is_removed_and_read_again(tmp_path: Path, left: int) -> None:
    first, _ = read(shop("red lamp"), tmp_path)
    (path,) = tmp_path.rglob("*.arrow")
    path.write_bytes(path.read_bytes()[:left])
    again, asked = read(shop("red lamp"), tmp_path)
    assert (again, asked) == (first, [0])


def test_a_mention_of_another_row_is_refused(tmp_path: Path) -> None:
    products = shop("red lamp", "red lamp 2")
    with pytest.raises(ValueError, match="row 7"):
        read_cached(products, "v1", lambda _rows: [replace(Reader(products).mentions(0)[0], row=7)], tmp_path)


titles = st.lists(st.sampled_from(["red", "blue", "a red b", "红色 red", ""]), max_size=6)


@given(before=titles, after=titles)
def test_what_the_cache_gives_is_what_reading_everything_gives(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    read(shop(*before), cache)
    products = shop(*after)
    mentions, asked = read(products, cache)
    assert sorted(mentions, key=str) == sorted(Reader(products)(range(len(products))), key=str)
    assert {after[row] for row in asked} == set(after) - set(before)
