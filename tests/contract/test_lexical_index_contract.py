"""What an index of words promises, as a shop would state it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.live_lexical import LiveLexicalIndex
from engine.errors import DamagedGenerationError
from engine.stages.retrieve import LexicalIndex
from engine.types import Candidates, Product, ProductId
from index_builder.lexical import build_lexical_index

SHELF = (
    Product(
        ProductId("lamp-0001"),
        "Brass desk lamp",
        "Lumo",
        "A lamp for reading, with a dimmer.",
        ("Home", "Lamps"),
    ),
    Product(
        ProductId("lamp-0002"),
        "Desk organiser",
        "Lumo",
        "Holds pens beside your lamp. Fits under a brass lamp.",
    ),
    Product(
        ProductId("nb-77"),
        "Orbit DV7-1211ea notebook 15.6 inch",
        "Orbit",
        "Fast notebook for work.",
        attributes={"color": "black", "title_zh": "轨道笔记本电脑", "ean": "4006381333931", "weight": 2.3},
    ),
    Product(
        ProductId("nb-78"),
        "Orbit DV6-2000 notebook",
        "Orbit",
        attributes={"color": "silver", "wireless": True},
    ),
    Product(
        ProductId("bag-1"),
        "Notebook bag",
        "Carry",
        "Bag for a 15.6 inch laptop.",
        attributes={"color": "black"},
    ),
    Product(ProductId("ear-1"), "蓝牙耳机", "轻音", "无线降噪，续航三十小时", attributes={"颜色": "黑色"}),
    Product(
        ProductId("ear-2"), "Wi-Fi speaker", "Sono", "Plays music.", attributes={"gtin13": 4006381333948.0}
    ),
    Product(ProductId("shoe-1"), "Running shoes", "Stride", "Shoes for runners.", ("Sport", "Shoes")),
    Product(
        ProductId("café-9"),
        "Café crème mug",
        "Lumo",
        "AND it is dishwasher safe.",
        attributes={"fits": ("cup",)},
    ),
)
ROW = {product.id: row for row, product in enumerate(SHELF)}
LIVE_BATCH = 7
"""So few that the large stock below takes 191 commits, and tantivy merges what they wrote."""


@pytest.fixture(scope="module", params=["built", "live"])
def index_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Sequence[Product]], LexicalIndex]]:
    """An index of products: all of them built, or two thirds, and the others added a few at a time."""
    opened: list[LiveLexicalIndex] = []

    def build(products: Sequence[Product]) -> LexicalIndex:
        place = tmp_path_factory.mktemp("lexical")
        if request.param == "built":
            build_lexical_index(products, place)
            return TantivyLexicalIndex.open(place)
        first = 2 * len(products) // 3
        build_lexical_index(products[:first], place)
        opened.append(LiveLexicalIndex.open(place))
        for start in range(first, len(products), LIVE_BATCH):
            opened[-1].add(products[start : start + LIVE_BATCH])
        return opened[-1].snapshot

    yield build
    for live in opened:
        live.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("lexical") / "shelf"
    build_lexical_index(SHELF, place)
    return place


@pytest.fixture(scope="module")
def shelf(index_of: Callable[[Sequence[Product]], LexicalIndex]) -> LexicalIndex:
    return index_of(SHELF)


def ids(hits: Candidates) -> list[str]:
    return [SHELF[row].id for row in hits.rows]


def test_the_exact_title_wins(shelf: LexicalIndex) -> None:
    for product in SHELF:
        assert ids(shelf.search(product.title, 5))[0] == product.id


def test_a_word_in_the_title_beats_the_same_word_in_a_description(shelf: LexicalIndex) -> None:
    assert ids(shelf.search("lamp", 5)) == ["lamp-0001", "lamp-0002"]


def test_holding_both_words_beats_repeating_one(shelf: LexicalIndex) -> None:
    assert ids(shelf.search("black bag", 5))[0] == "bag-1"


@pytest.mark.parametrize(
    ("query", "product"),
    [
        ("lumo mug", "café-9"),  # brand
        ("silver", "nb-78"),  # attribute value
        ("cup", "café-9"),  # one of several values
        ("sport", "shoe-1"),  # category
        ("dimmer", "lamp-0001"),  # description
        ("runner", "shoe-1"),  # another form of the word
        ("CAFE CREME", "café-9"),  # accents and case
        ("ｍｕｇ", "café-9"),  # full-width letters
    ],
)
def test_every_part_of_a_product_can_be_searched(shelf: LexicalIndex, query: str, product: str) -> None:
    assert ids(shelf.search(query, 5))[0] == product


@pytest.mark.parametrize(
    ("query", "product"),
    [
        ("lamp-0002", "lamp-0002"),
        ("LAMP 0002", "lamp-0002"),
        ("nb-77", "nb-77"),
        ("dv7-1211ea", "nb-77"),
        ("dv7 1211ea", "nb-77"),
        ("DV71211EA", "nb-77"),
        ("orbit dv71211ea notebook", "nb-77"),
        ("4006381333931", "nb-77"),
        ("4006381-333931", "nb-77"),
        ("4006381333948", "ear-2"),  # a barcode that was read as a number
        ("wifi", "ear-2"),
        ("wi fi", "ear-2"),
        ("please give me nb 78 at once", "nb-78"),
    ],
)
def test_ids_and_model_numbers_are_found_however_they_are_spelt(
    shelf: LexicalIndex, query: str, product: str
) -> None:
    assert ids(shelf.search(query, 5))[0] == product


@pytest.mark.parametrize(
    ("query", "product"),
    [
        ("耳机", "ear-1"),
        ("蓝牙 耳机", "ear-1"),
        ("无线降噪耳机", "ear-1"),
        ("笔记本", "nb-77"),
        ("黑色", "ear-1"),
    ],
)
def test_chinese_is_searched_by_word(shelf: LexicalIndex, query: str, product: str) -> None:
    assert ids(shelf.search(query, 5))[0] == product


def test_attribute_keys_and_bare_numbers_are_not_words(shelf: LexicalIndex) -> None:
    assert len(shelf.search("color wireless", 5)) == 0
    assert len(shelf.search("2.3", 5)) == 0


def test_an_expansion_helps_who_holds_it(shelf: LexicalIndex) -> None:
    plain, helped = shelf.search("notebook", 9), shelf.search("notebook", 9, expansions=[("silver", 0.5)])

    assert set(ids(plain)) == set(ids(helped)) == {"nb-77", "nb-78", "bag-1"}
    gained = dict(zip(ids(helped), helped.scores, strict=True))
    before = dict(zip(ids(plain), plain.scores, strict=True))
    assert gained["nb-78"] > before["nb-78"]
    assert gained["nb-77"] == pytest.approx(before["nb-77"])


def test_an_expansion_alone_finds_products_too_but_below(shelf: LexicalIndex) -> None:
    hits = shelf.search("mug", 9, expansions=[("running shoes", 0.2)])

    assert ids(hits) == ["café-9", "shoe-1"]


def test_half_an_expansion_is_none(shelf: LexicalIndex) -> None:
    assert ids(shelf.search("mug", 9, expansions=[("running lamp", 0.9)])) == ["café-9"]


@pytest.mark.parametrize("query", ["", "   ", "!!! ---", "\x00\x07", "xylophone", "xylophone zzz"])
def test_nothing_known_finds_nothing(shelf: LexicalIndex, query: str) -> None:
    hits = shelf.search(query, 5)

    assert (len(hits), hits.complete) == (0, True)


@example('lamp AND (title:mug OR "desk')
@example("lamp^1000 -desk +mug ~2 [a TO z} *:* row:3")
@example("lamp " * 2_000)
@example("\ud7ff\U0010ffff lamp")
@example("NOT lamp && || \\ / {!func}")
@settings(max_examples=150, deadline=None)
@given(query=st.text(max_size=300))
def test_no_text_is_an_error(shelf: LexicalIndex, query: str) -> None:
    hits = shelf.search(query, 5, expansions=[(query, 0.5)])

    assert np.isfinite(hits.scores).all()
    assert (hits.scores > 0).all()


def test_operators_are_words_like_others(shelf: LexicalIndex) -> None:
    """A parser would read this as: without lamps."""
    assert ids(shelf.search("desk NOT -lamp", 5))[0] == "lamp-0001"


def test_ten_thousand_characters_are_searched_by_their_first_words(shelf: LexicalIndex) -> None:
    noise = " ".join(f"word{i}" for i in range(2_000))[:9_990]

    assert ids(shelf.search(f"mug {noise}", 5)) == ["café-9"]


# Large enough that masks are applied in both ways: rows named to tantivy, hits dropped afterwards.
STOCK_COUNT = 4_000
_WORDS = ["lamp", "desk", "chair", "oak", "steel", "blue", "large", "mini"]


def _stock() -> list[Product]:
    random = np.random.default_rng(11)
    return [
        Product(
            ProductId(f"s{row}"),
            " ".join(random.choice(_WORDS, random.integers(1, 5))),
            description=" ".join(random.choice(_WORDS, random.integers(0, 9))),
        )
        for row in range(STOCK_COUNT)
    ]


@pytest.fixture(scope="module")
def stock(index_of: Callable[[Sequence[Product]], LexicalIndex]) -> LexicalIndex:
    return index_of(_stock())


QUERIES = st.lists(st.sampled_from([*_WORDS, "unknown"]), min_size=1, max_size=4).map(" ".join)
SHARES = st.sampled_from([0.0, 0.001, 0.05, 0.15, 0.5, 0.95, 1.0])


@settings(max_examples=60, deadline=None)
@given(query=QUERIES, share=SHARES, seed=st.integers(0, 999), limit=st.sampled_from([1, 20, 300]))
def test_a_masked_search_is_the_whole_search_filtered(
    stock: LexicalIndex, query: str, share: float, seed: int, limit: int
) -> None:
    mask = np.random.default_rng(seed).random(STOCK_COUNT) < share
    whole = stock.search(query, STOCK_COUNT)

    hits = stock.search(query, limit, mask=mask)

    kept = mask[whole.rows]
    assert hits.rows.tolist() == whole.rows[kept][:limit].tolist()
    assert hits.scores == pytest.approx(whole.scores[kept][:limit], rel=1e-5)
    assert hits.complete == (kept.sum() <= limit)


def test_a_mask_against_the_query_still_fills_the_page(stock: LexicalIndex) -> None:
    """The best 3,000 hits are masked: what is left starts far below them."""
    whole = stock.search("lamp desk chair oak", STOCK_COUNT)
    mask = np.ones(STOCK_COUNT, bool)
    mask[whole.rows[:3_000]] = False

    hits = stock.search("lamp desk chair oak", 50, mask=mask)

    assert hits.rows.tolist() == whole.rows[3_000:3_050].tolist()


@settings(max_examples=30, deadline=None)
@given(query=QUERIES, limit=st.integers(1, 500))
def test_candidates_fall_by_score_then_row(stock: LexicalIndex, query: str, limit: int) -> None:
    whole, cut = stock.search(query, STOCK_COUNT), stock.search(query, limit)

    order = list(zip(-whole.scores, whole.rows, strict=True))
    assert order == sorted(order)
    assert cut.rows.tolist() == whole.rows[:limit].tolist()
    assert cut.complete == (len(whole) <= limit)


def test_searches_in_threads_agree(stock: LexicalIndex) -> None:
    queries = [f"{left} {right}" for left in _WORDS for right in _WORDS]
    expected = [stock.search(query, 50).rows.tolist() for query in queries]

    with ThreadPoolExecutor(4) as pool:
        assert [hits.rows.tolist() for hits in pool.map(lambda q: stock.search(q, 50), queries)] == expected


def test_a_mask_of_another_length_is_refused(shelf: LexicalIndex) -> None:
    with pytest.raises(ValueError, match="mask"):
        shelf.search("lamp", 5, mask=np.ones(3, bool))


def test_opening_and_searching_write_nothing(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    before = {file: file.stat().st_mtime_ns for file in copy.iterdir()}
    copy.chmod(stat.S_IRUSR | stat.S_IXUSR)

    hits = TantivyLexicalIndex.open(copy).search("lamp", 5)

    copy.chmod(stat.S_IRWXU)
    assert len(hits) == 2
    assert {file: file.stat().st_mtime_ns for file in copy.iterdir()} == before


def test_an_open_index_survives_the_removal_of_its_folder(folder: Path, tmp_path: Path) -> None:
    """A generation may be pruned while its last searches run."""
    shutil.copytree(folder, tmp_path / "copy")
    index = TantivyLexicalIndex.open(tmp_path / "copy")

    shutil.rmtree(tmp_path / "copy")

    assert ids(index.search("lamp", 1)) == ["lamp-0001"]


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_every_missing_or_shortened_file_is_refused_at_open(folder: Path, tmp_path: Path) -> None:
    refused = []
    for name in _names(folder):
        for kept in (None, 0.0, 0.5):
            copy = tmp_path / f"{name}-{kept}"
            shutil.copytree(folder, copy)
            if kept is None:
                (copy / name).unlink()
            else:
                content = (copy / name).read_bytes()
                (copy / name).write_bytes(content[: int(kept * len(content))])
            with pytest.raises(DamagedGenerationError):
                TantivyLexicalIndex.open(copy)
            refused.append(name)
    assert len(refused) == 3 * len(_names(folder)) >= 18
