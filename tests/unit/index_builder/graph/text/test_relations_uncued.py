import pytest

from index_builder.graph.text.relations_roles import seeded_parts
from index_builder.graph.text.relations_uncued import uncued_items
from index_builder.graph.text.targets import TargetNames, add_names, learn_targets
from tests.unit.index_builder.graph.text.relation_shop import draft_of, product, shop

OWN = 0


@pytest.fixture(scope="module")
def names() -> TargetNames:
    products = shop(product(0, "Inko XR900 ink", compatibility="XR900"))
    return learn_targets(products, draft_of(products), seeded_parts(products, [""] * len(products)))


def found(text: str, names: TargetNames, said: frozenset[str] = frozenset()) -> list[str]:
    return [text[item.start : item.end] for item in uncued_items(text, names, OWN, said)]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("Inko Jetto 4100 toner", ["Jetto 4100"]),
        ("Jetto 9000 toner", ["Jetto 9000"]),  # a series with another number
        ("Toner (XR310, XR370)", ["XR310", "XR370"]),
        ("XR300 & XR310 ink", ["XR300", "XR310"]),  # the known one is second
        ("XR310/20 ink", ["XR310/20"]),
        ("XR310n ink", ["XR310n"]),
        ("XR31x ink", ["XR31x"]),
        ("ZZ777 ink", []),
        ("XR900 ink", []),  # only the product itself says so
        ("X9 ink", []),
    ],
)
def test_known_names_and_those_beside_them_are_found(names: TargetNames, text: str, items: list[str]) -> None:
    assert found(text, names) == items


def test_what_the_products_other_text_names_is_known_here(names: TargetNames) -> None:
    assert found("ZZ777 ink", names, frozenset({"zz777"})) == ["ZZ777"]


def test_what_a_cue_names_elsewhere_is_known() -> None:
    products = shop()
    fresh = learn_targets(products, draft_of(products), seeded_parts(products, [""] * len(products)))
    assert found("Compo QQ400 ink", fresh) == []
    add_names(fresh, "compo qq400/500", row=3)
    assert found("Compo QQ400 ink", fresh) == ["QQ400"]
    assert found("Compo QQ500 ink", fresh) == ["QQ500"]
