"""What each weight of the word index is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.backends.lexical_index import TantivyLexicalIndex
from engine.backends.lexical_layout import FieldWeights
from engine.backends.lexical_terms import query_codes, squash, terms, unique_terms
from engine.types import Product, ProductId
from index_builder.lexical import build_lexical_index

FILLER = tuple(Product(ProductId(f"f{i}"), f"Thing {('oak', 'desk', 'lamp')[i % 3]}") for i in range(60))


def first(folder: Path, query: str, weights: FieldWeights, *products: Product) -> str:
    build_lexical_index([*products, *FILLER], folder, weights=weights)
    (row,) = TantivyLexicalIndex.open(folder).search(query, 1).rows
    found: Product = [*products, *FILLER][row]
    return found.id


def test_the_lower_bound_ranks_all_words_once_above_one_word_often(tmp_path: Path) -> None:
    often = Product(ProductId("often"), "Oak", description="Oak")
    both = Product(
        ProductId("both"), "Table", description=" ".join(["oak desk", *(f"word{i}" for i in range(90))])
    )

    plain = first(tmp_path / "plain", "oak desk", FieldWeights(lower_bound=0.0), often, both)
    bounded = first(tmp_path / "bounded", "oak desk", FieldWeights(lower_bound=2.0), often, both)

    assert (plain, bounded) == ("often", "both")


def test_repeating_the_title_ranks_what_a_product_is_above_what_it_fits(tmp_path: Path) -> None:
    case = Product(ProductId("x1"), "Case", description="Clock by clock")
    clock = Product(ProductId("x2"), "Tall clock made of brass")
    once = FieldWeights(title=1, title_boost=0.0, lower_bound=0.0)

    assert first(tmp_path / "once", "clock", once, case, clock) == "x1"
    assert first(tmp_path / "thrice", "clock", FieldWeights(), case, clock) == "x2"


def test_an_id_beats_the_same_number_in_a_title(tmp_path: Path) -> None:
    number = Product(ProductId("a"), "1725 screws in box 1725")
    named = Product(ProductId("1725"), "Hammer")

    assert first(tmp_path / "id", "1725", FieldWeights(), number, named) == "1725"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("DV7-1211ea", "dv71211ea"), (" 4006381 333931 ", "4006381333931"), ("--", ""), ("Ｗｉ‐Fi", "wifi")],
)
def test_a_squashed_code_has_letters_and_digits_only(text: str, expected: str) -> None:
    assert squash(text) == expected


def test_terms_lose_endings_accents_and_case() -> None:
    assert terms("Crème BRUSHES, running-shoes") == ["creme", "brush", "run", "shoe"]
    assert terms("x" * 61 + " y") == ["y"]  # nobody searches for a word of 61 letters
    assert unique_terms("lamp lamps desk oak", 2) == ("lamp", "desk")


def test_codes_of_a_query_are_words_neighbours_and_the_whole() -> None:
    assert query_codes("HP dv7 1211ea") == ["dv7", "1211ea", "hpdv7", "dv71211ea", "hpdv71211ea"]
    assert query_codes("耳机 no") == []  # Chinese is no code, and "no" is too short for one
