from index_builder.graph.evidence import Relation
from index_builder.graph.text.relations import read_relations
from index_builder.graph.text.relations_model import MIN_EXAMPLES
from tests.unit.index_builder.graph.text.relation_shop import draft_of, product, shop


def test_a_shop_teaches_which_cues_its_own_fields_confirm() -> None:
    """Of "for", fields confirm every one; of "made for", none: the latter falls below what is reported."""
    right = [
        product(i, f"Inko ink for LX{i}", compatibility=f"LX{i}")
        for i in range(1000, 1000 + 2 * MIN_EXAMPLES)
    ]
    wrong = [
        product(i, f"Inko ink made for ZQ{i}", compatibility="LX77777")
        for i in range(3000, 3000 + 2 * MIN_EXAMPLES)
    ]
    asked = [product(1, "Inko ink for LX9000"), product(2, "Inko ink made for ZQ9000")]
    products = shop(*asked, *right, *wrong)
    found = [each for each in read_relations(products, draft_of(products)) if each.row < 2]
    assert [each.row for each in found] == [0]
    assert found[0].confidence > 0.9


def test_without_fields_the_fixed_figures_stand() -> None:
    products = [product(1, "Refill toner. Equivalent to Inko T20. Compatible with Inko LX200")]
    found = read_relations(products, draft_of(products))
    assert [(each.relation, each.confidence) for each in found] == [
        (Relation.VARIANT_OF, 0.83),
        (Relation.COMPATIBLE_WITH, 0.95),
    ]


def test_the_same_thing_in_title_and_description_is_about_as_sure() -> None:
    title, text = "Refill toner compatible with LX200", "Toner for LX200"
    products = [product(1, title, description=text)]
    first, second = read_relations(products, draft_of(products))
    assert (first.confidence, second.confidence) == (0.95, 0.95 * 0.95)
