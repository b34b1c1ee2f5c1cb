from index_builder.graph.text.relations_roles import seeded_parts
from index_builder.graph.text.targets import TargetNames, is_measure, learn_targets, shape_of, without_brand
from tests.unit.index_builder.graph.text.relation_shop import draft_of, product, shop


def names() -> TargetNames:
    titles = [f"{brand} cable USB3 Cat6" for brand in ("Aco", "Beco", "Ceco")]
    products = shop(*(product(i, title, title.split()[0]) for i, title in enumerate(titles)))
    draft = draft_of(products)
    return learn_targets(products, draft, seeded_parts(products, [""] * len(products)))


def test_models_are_known_from_compatibility_fields_and_devices() -> None:
    found = names()
    assert found.others(found.models, "xr320", row=-1) == 1  # one field names it
    assert found.others(found.models, "4200n", row=-1) == 3  # two fields and the printer's own title
    assert found.others(found.series, "jetto", row=-1) == 4  # two fields, two printers


def test_what_a_product_says_itself_does_not_count() -> None:
    found = names()
    (row,) = found.models["xr320"]
    assert found.others(found.models, "xr320", row) == 0


def test_a_word_with_digits_in_titles_of_three_brands_is_a_standard() -> None:
    found = names()
    assert not found.is_model("usb3")
    assert found.is_model("xr320")


def test_a_class_ends_in_a_type_of_the_shop_or_the_table() -> None:
    found = names()
    assert found.is_class(["usb", "scanners"])
    assert found.is_class(["notebooks"])
    assert not found.is_class(["label", "applications"])


def test_measures_are_no_models_but_four_digits_and_a_letter_are() -> None:
    assert [is_measure(word) for word in ("500gb", '15.6"', "2u", "8440p", "xr310")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_models_with_the_same_letters_and_as_many_digits_have_one_shape() -> None:
    assert shape_of("b420") == shape_of("b430n") == "b000"
    assert shape_of("420") == ""


def test_a_brand_of_several_words_is_cut_off_whole() -> None:
    assert without_brand(["tripp", "lite", "x1"], frozenset({"tripp lite"})) == ["x1"]
