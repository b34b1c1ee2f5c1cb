from hypothesis import given
from hypothesis import strategies as st

from engine.product_texts import (
    DESCRIPTION_CHARACTERS,
    RERANK_CHARACTERS,
    EmbeddingTexts,
    embedding_text,
    rerank_text,
)
from engine.types import Product, ProductId


def product(**fields: object) -> Product:
    return Product(ProductId("p1"), **{"title": "PN-25 Black Ink", **fields})  # type: ignore[arg-type]  # any field


def test_the_encoder_reads_brand_title_category_and_description() -> None:
    text = embedding_text(
        product(brand="PrintNova", category=("Office", "Ink"), description="Fits the 2540 printer.")
    )

    # "Ink" is in the title already, so the category adds nothing.
    assert text == "PrintNova PN-25 Black Ink. Fits the 2540 printer."


def test_what_the_title_says_is_not_said_twice() -> None:
    assert embedding_text(product(brand="PN-25", description="black ink")) == "PN-25 Black Ink"


def test_the_narrowest_category_is_read() -> None:
    assert embedding_text(product(category=("Office", "Cartridges"))) == "PN-25 Black Ink. Cartridges"


def test_the_cross_encoder_reads_the_attributes_that_shoppers_ask_for() -> None:
    text = rerank_text(
        product(attributes={"compatibility": ("2540", "2545"), "weight_kg": 0.1, "color": "black"})
    )

    assert text == "PN-25 Black Ink. 2540, 2545"


@given(st.text("ab ", max_size=1_000))
def test_long_descriptions_are_cut_between_words(description: str) -> None:
    described = product(title="T", description=description)

    assert len(embedding_text(described)) <= len("T. ") + DESCRIPTION_CHARACTERS
    assert len(rerank_text(described)) <= RERANK_CHARACTERS


def test_texts_of_a_catalogue_are_made_as_they_are_read() -> None:
    products = [product(brand="PN-25"), product(category=("Office", "Cartridges"))]

    texts = EmbeddingTexts(products)

    assert [*texts] == [texts[0], texts[1]] == [embedding_text(each) for each in products]
    assert len(texts) == 2
