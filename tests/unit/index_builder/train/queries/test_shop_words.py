from pathlib import Path

import pytest

from engine.backends.graph_tables import GraphTables
from engine.types import Product, ProductId
from index_builder.graph.load import build_graph
from index_builder.train.queries.shop_words import ShopWords


def words_of(title: str, folder: Path) -> ShopWords:
    shelf = [
        Product(
            ProductId(str(row)),
            f"Tripp Lite {title} {row}",
            "Tripp Lite",
            attributes={"product_type": "laptops", "color": "black"},
        )
        for row in range(6)
    ]
    build_graph(shelf, folder)
    return ShopWords.of(shelf, GraphTables.open(folder))


def test_types_are_known_word_by_word_in_the_singular(tmp_path: Path) -> None:
    words = words_of("laptop", tmp_path)
    assert {"laptop", "notebook"} <= words.types
    assert "black" not in words.types
    assert words.brands == {"tripp lite"}
    assert words.counts["laptop"] >= 6


@pytest.mark.parametrize(("title", "known"), [("笔记本电脑", True), ("laptop", False)])
def test_chinese_names_are_used_where_titles_are_chinese(title: str, known: bool, tmp_path: Path) -> None:
    assert ("notebook" in words_of(title, tmp_path).chinese) is known
