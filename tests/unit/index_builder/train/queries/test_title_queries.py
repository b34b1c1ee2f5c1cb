import numpy as np

from engine.text import tokens
from engine.types import Product, ProductId
from index_builder.train.queries.title_queries import TitleQueries, TitleQuery
from index_builder.train.queries.title_words import TitleWords

TITLES = (
    "StartUp.com Zeta 2540 Laser Printer for Offices, 1920 x 1080 pixels, 6 pc(s)",
    "StartUp.com Zeta 2545 Laser Printer",
    "StartUp.com Zeta 2545 Ink Printer",
    "Acme™ Kappa Laser Printer",
    "便携式热敏照片打印机",
    "Box",
)
PRODUCTS = [
    Product(ProductId(str(row)), title, "StartUp.com" if title.startswith("Start") else "")
    for row, title in enumerate(TITLES)
]


def drawn() -> list[TitleQuery]:
    queries = TitleQueries(PRODUCTS, TitleWords(PRODUCTS))
    chance = np.random.default_rng(0)
    return [query for query in (queries.draw(chance) for _ in range(300)) if query]


def saying(text: str) -> list[int]:
    words = set(tokens(text))
    return [row for row, title in enumerate(TITLES) if words <= set(tokens(title.replace("™", "")))]


def test_all_titles_that_say_the_words_answer_and_no_other() -> None:
    for query in drawn():
        if query.text.isascii():
            assert query.answers.tolist() == saying(query.text), query.text


def test_words_stand_as_in_the_title_the_brand_as_it_is_written() -> None:
    texts = {query.text for query in drawn()}
    assert "2540 laser offices" in texts
    assert any(text.startswith("startup.com ") for text in texts)
    assert not any("startup com" in text for text in texts)


def test_measures_and_connecting_words_are_not_asked_for() -> None:
    asked = {word for query in drawn() for word in query.text.split()}
    assert "2540" in asked
    assert not asked & {"for", "1920", "1080", "6", "pixels", "pc", "tm", "acmetm"}


def test_titles_that_lack_one_word_are_contrasts() -> None:
    (query,) = {query.text: query for query in drawn() if query.text == "zeta 2545 ink"}.values()
    # Lacking ink: row 1. Lacking 2545 or zeta: none besides row 2 itself.
    assert query.contrasts.tolist() == [1]


def test_chinese_words_are_written_without_blanks_and_never_twice() -> None:
    texts = {query.text for query in drawn() if not query.text.isascii()}
    assert texts
    assert all(" " not in text and text.count("打印") <= 1 for text in texts)


def test_a_brand_alone_is_left_to_other_queries() -> None:
    assert not {"startup.com", "acme"} & {query.text for query in drawn()}


def test_a_title_of_one_word_gives_none() -> None:
    assert "box" not in {query.text for query in drawn()}
