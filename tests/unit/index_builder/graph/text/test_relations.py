import pytest

from engine.types import Product
from index_builder.graph.evidence import Extractor, Label, Mention, TextField
from index_builder.graph.text.relations import read_relations
from tests.unit.index_builder.graph.text.relation_shop import draft_of, product, shop


def read(*products: Product) -> list[tuple[str, str]]:
    """What is read of the products of a test, as (characters, relation)."""
    everything = shop(*products)
    found = read_relations(everything, draft_of(everything))
    return [
        (text_of(products[each.row], each)[each.start : each.end], str(each.relation))
        for each in found
        if each.row < len(products)
    ]


def text_of(product: Product, mention: Mention) -> str:
    return product.title if mention.field is TextField.TITLE else product.description


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Beamo spare lamp for VP-200/VP-300", [("VP-200", "part of"), ("VP-300", "part of")]),
        ("Inko toner cartridge for Jetto 4100/4200", [("Jetto 4100/4200", "compatible with")]),
        ("Casy carrying case for notebooks", [("notebooks", "accessory of")]),
        ("Casy privacy cover for KVM projectors", [("KVM projectors", "accessory of")]),
        ("Refill toner. Equivalent to Inko T20. Compatible with Inko LX200, LX300",
         [("Inko T20", "variant of"), ("Inko LX200", "compatible with"), ("LX300", "compatible with")]),
        ("Memo card 8 GB + card reader cable", [("card reader cable", "bundle of")]),
        ("色带 适用于 打印机", [("打印机", "compatible with")]),
    ],
)  # fmt: skip
def test_a_cue_and_the_part_a_product_plays_tell_the_relation(
    title: str, expected: list[tuple[str, str]]
) -> None:
    assert read(product(0, title, "Refilly")) == expected


@pytest.mark.parametrize(
    "title",
    [
        "Inko toner cartridge for 12000 pages",
        "Toy figure for ages 6 and up",
        "Shavo razor for men",
        "Inko label tape for label applications",
        "Compo NB15 notebook with 4 GB and USB 3.0",
        "Inko T-2110 toner cartridge Original Black",
    ],
)
def test_amounts_audiences_and_the_products_own_number_are_no_targets(title: str) -> None:
    assert read(product(0, title, "Shavo")) == []


def test_a_device_that_other_products_fit_is_read_without_a_cue_on_what_is_made_for_it() -> None:
    assert read(product(0, "Inko Jetto 4100 toner Magenta")) == [("Jetto 4100", "compatible with")]


def test_the_device_itself_fits_nothing() -> None:
    assert read(product(0, "Inko Jetto 4100 printer White", product_type="printer")) == []


def test_a_model_beside_a_known_one_is_of_the_same_list() -> None:
    found = read(product(0, "XR310/XR370 ink cartridge"))
    assert found == [("XR310", "compatible with"), ("XR370", "compatible with")]


def test_the_products_own_brand_is_no_part_of_the_span_but_another_is() -> None:
    assert read(product(0, "Ink for Inko LX900", "Inko")) == [("LX900", "compatible with")]
    assert read(product(0, "Ink for Compo LX900", "Inko")) == [("Compo LX900", "compatible with")]


def test_mentions_are_targets_with_a_confidence_and_where_they_stand() -> None:
    products = shop(product(0, "Nothing", description="Ink for LX900"))
    (mention,) = [each for each in read_relations(products, draft_of(products)) if each.row == 0]
    assert (mention.field, mention.start, mention.end) == (TextField.DESCRIPTION, 8, 13)
    assert (mention.label, mention.extractor) == (Label.TARGET, Extractor.RELATION)
    assert 0 < mention.confidence <= 1


def test_what_is_surely_a_quantity_is_no_target() -> None:
    products = shop(product(0, "Ink for LX900"))
    amount = Mention(0, TextField.TITLE, 8, 13, Label.CAPACITY, "900 lx", Extractor.QUANTITY, 0.9)
    assert [each for each in read_relations(products, draft_of(products), [amount]) if each.row == 0] == []


def test_reading_twice_gives_the_same() -> None:
    products = shop(product(0, "Ink for LX900 and LX800"))
    assert read_relations(products, draft_of(products)) == read_relations(products, draft_of(products))


def test_a_shop_without_products_has_no_relations() -> None:
    assert read_relations([], draft_of([])) == []
