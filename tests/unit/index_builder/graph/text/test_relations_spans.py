import pytest

from index_builder.graph.text.relations_roles import seeded_parts
from index_builder.graph.text.relations_spans import MAX_ITEMS, items_after
from index_builder.graph.text.targets import TargetNames, learn_targets
from tests.unit.index_builder.graph.text.relation_shop import draft_of, shop


@pytest.fixture(scope="module")
def names() -> TargetNames:
    products = shop()
    return learn_targets(products, draft_of(products), seeded_parts(products, [""] * len(products)))


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("A100/A200", ["A100", "A200"]),
        ("AB-1710/20/30", ["AB-1710/20/30"]),
        ("HL-5130, 5140/5140L", ["HL-5130, 5140/5140L"]),
        ("PLC S40 And MP7640I Projectors", ["PLC S40", "MP7640I"]),
        ("B420 & B430", ["B420", "B430"]),
        ("Jetto 4100, Jetto 4200", ["Jetto 4100", "Jetto 4200"]),
        ("3000cn and 3100cn", ["3000cn", "3100cn"]),
        ("Jetto 4100, 15000 pages", ["Jetto 4100"]),
        ("X544n/dn printers", ["X544n/dn"]),
        ("WP 423 428", ["WP 423 428"]),
        ("WP 423 rack", ["WP 423"]),
        ("the select Inko XR310", ["XR310"]),
        ("Compo XR310", ["Compo XR310"]),
        ("iPhone 8/7", ["iPhone 8/7"]),
        ('10-30" Monitor Screens', ['10-30" Monitor Screens']),
        ("750mm wide notebooks and AR203", ["750mm wide notebooks", "AR203"]),
        ("notebooks PF15.4", ["notebooks"]),
        ("LabelMaker", ["LabelMaker"]),
        ("XR310 with tray", ["XR310"]),
        ("XR310. Ink", ["XR310"]),
        ("12000 pages", []),
        ("ages 6 and up", []),
        ("heavy-duty applications", []),
        ("", []),
    ],
)
def test_a_list_is_cut_into_what_stands_alone(names: TargetNames, text: str, items: list[str]) -> None:
    found = items_after(text, 0, names, "inko")
    assert [text[item.start : item.end] for item in found] == items


def test_the_products_own_type_behind_the_target_is_no_part_of_it(names: TargetNames) -> None:
    text = "for Compo Armada memory module"
    assert items_after(text, 3, names, "inko", "memory module") == []
    (item,) = items_after("for Compo XR310 memory module", 3, names, "inko", "memory module")
    assert (item.start, item.end) == (4, 15)


def test_a_list_without_end_is_cut(names: TargetNames) -> None:
    text = ", ".join(f"AB{number}" for number in range(100, 200))
    assert len(items_after(text, 0, names, "inko")) == MAX_ITEMS
