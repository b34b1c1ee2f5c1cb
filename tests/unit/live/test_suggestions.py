"""What live products are called completes what a shopper types, as long as there are such products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.live.overlay import Overlay
from engine.live.past_queries import LayeredPastQueries
from engine.live.suggestions import CHINESE_CHARACTERS, LiveNames, names
from engine.text import typed, word_starts
from engine.types import PastQuery, Product
from tests.unit.live.live_fakes import Shop, product


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            product("p", "Inko LX300 Laser-Printer, A4 (white) for offices", brand="Inko"),
            ["inko lx300 laser-printer a4 white"],
        ),
        (
            product("p", "Lamp 1.5 m", brand="Lumo", category=("Home", "Desk Lamps")),
            ["lamp 1.5 m", "lumo desk lamp"],
        ),
        (
            product("p", "Go", brand="Acme", category=("Notebooks & Laptops",)),
            ["go", "acme notebook", "acme laptop"],
        ),
        (product("p", "Acme pen", brand="Acme", category=("Acme pens",)), ["acme pen"]),
        (product("p", "铸铁茶壶，带滤网", brand="美的", category=("茶壶",)), ["铸铁茶壶 带滤网", "美的茶壶"]),
        (
            product("p", "Teapot", attributes={"title_zh": "铸铁茶壶", "name_note": "x", "color": "black"}),
            ["teapot", "铸铁茶壶"],
        ),
        (product("p", "茶" * 40), ["茶" * CHINESE_CHARACTERS]),
        (product("p", "()"), []),
    ],
)
def test_a_product_is_called_by_the_first_words_of_its_names_and_by_brand_and_kind(
    given: Product, expected: list[str]
) -> None:
    assert list(names(given)) == expected


def told(queries: Sequence[PastQuery]) -> list[str]:
    return [query.text for query in queries]


def test_what_begins_like_it_comes_before_what_has_it_inside_each_by_the_alphabet() -> None:
    shop = Shop([])
    live = LiveNames(0)
    shop.put(product("a", "teapot black"), product("b", "iron teapot"), product("c", "tea"))

    assert told(live.suggest("TEA", 10, shop.overlay, ())) == ["tea", "teapot black", "iron teapot"]
    assert told(live.suggest("tea ", 10, shop.overlay, ())) == []  # a closed word
    assert told(live.suggest("tea", 2, shop.overlay, {"tea"})) == ["teapot black", "iron teapot"]
    assert told(live.suggest("  ", 10, shop.overlay, ())) == []
    assert [query.count for query in live.suggest("tea", 10, shop.overlay, ())] == [0, 0, 0]


def test_any_chinese_character_may_begin_a_word() -> None:
    shop = Shop([])
    shop.put(product("a", "铸铁茶壶"))

    assert told(LiveNames(0).suggest("茶", 10, shop.overlay, ())) == ["铸铁茶壶"]


def test_a_state_from_before_a_change_suggests_what_there_was_then() -> None:
    shop = Shop([])
    live = LiveNames(0)
    shop.put(product("a", "teapot"))
    before = shop.overlay
    shop.put(product("b", "teabag"))

    assert told(live.suggest("tea", 10, shop.overlay, ())) == ["teabag", "teapot"]
    assert told(live.suggest("tea", 10, before, ())) == ["teapot"]


def test_products_that_come_one_by_one_are_kept_in_few_runs() -> None:
    """Each is more than twice as long as the next: of 100 texts there are at most 7, since 2^7 > 100."""
    shop = Shop([])
    live = LiveNames(0)
    for number in range(100):
        shop.put(product(f"p{number}", f"tea{number}"))
        live.suggest("tea", 1, shop.overlay, ())

    assert len(live._runs) <= 7
    assert len(live.suggest("tea", 200, shop.overlay, ())) == 100


TITLES = ("tea", "tea pot", "pot for tea", "茶壶", "tea 茶壶")
IDS = ("a", "b", "c", "d")
changes = st.lists(
    st.tuples(st.sampled_from(IDS), st.none() | st.sampled_from(TITLES), st.booleans()), max_size=20
)


@settings(max_examples=60, deadline=None)
@given(changes, st.sampled_from(("t", "te", "tea ", "po", "茶", "壶", "f", "x")), st.integers(1, 5))
def test_suggestions_are_what_a_look_at_every_product_finds(
    made: Sequence[tuple[str, str | None, bool]], prefix: str, limit: int
) -> None:
    """Whenever they are asked for: now and then only, so that many changes are read at once."""
    shop = Shop([product("a", "built tea")])
    live = LiveNames(1)
    for product_id, title, asked in made:
        if title is not None:
            shop.put(product(product_id, title))
        elif product_id in shop.products():
            shop.delete(product_id)
        if asked:
            assert told(live.suggest(prefix, limit, shop.overlay, ())) == every(shop.overlay, prefix, limit)
    assert told(live.suggest(prefix, limit, shop.overlay, ())) == every(shop.overlay, prefix, limit)


def every(overlay: Overlay, prefix: str, limit: int) -> list[str]:
    begun = typed(prefix)
    texts = {
        text for row, entry in overlay.entries.items() if row >= overlay.base for text in names(entry.product)
    }
    tails = {text: [text[start:] for start in word_starts(text)] for text in texts}
    order = {
        text: (not text.startswith(begun), text if text.startswith(begun) else min(found))
        for text in texts
        if (found := [tail for tail in tails[text] if tail.startswith(begun)])
    }
    return sorted(order, key=lambda text: (order[text], text))[:limit]


class Asked:
    """Fits `PastQueries`; all begin with the prefix."""

    def __init__(self, *queries: PastQuery) -> None:
        self.queries = queries

    def __len__(self) -> int:
        return len(self.queries)

    def get(self, row: int) -> PastQuery:
        return self.queries[row]

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        return [each for each in self.queries if each.text.startswith(prefix)][:limit]


def past(text: str, *rows: int) -> PastQuery:
    return PastQuery(text, 3, np.array(rows, np.int64))


def test_past_queries_come_first_each_text_once_and_not_when_all_their_products_are_gone() -> None:
    shop = Shop([product("a", "A"), product("b", "B")])
    asked = Asked(past("tea", 0, 1), past("tea a", 0), past("tea pot", 1), past("tea of nobody"))
    live = LiveNames(2)

    def suggested(limit: int) -> list[str]:
        return told(LayeredPastQueries(asked, shop.overlay, live).suggest("tea", limit))

    assert suggested(9) == ["tea", "tea a", "tea pot", "tea of nobody"]

    shop.delete("a")
    shop.put(product("n", "Tea pot"), product("m", "Tea bag"), product("b", "B again"))

    assert suggested(9) == ["tea", "tea pot", "tea of nobody", "tea bag"]
    assert suggested(2) == ["tea", "tea pot"]

    shop.delete("m", "b")

    assert suggested(9) == ["tea of nobody", "tea pot"]
