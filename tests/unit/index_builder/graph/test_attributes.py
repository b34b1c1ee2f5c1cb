import pytest

from engine.types import AttributeValue
from index_builder.graph.attributes import Role, role_of, values_of
from index_builder.graph.compatibility import MAX_TARGETS, targets_of


@pytest.mark.parametrize(
    ("key", "role"),
    [
        ("color", Role.COLOR),
        ("cable_colour", Role.COLOR),
        ("颜色", Role.COLOR),
        ("color_depth", Role.VALUE),
        ("jacket_material", Role.MATERIAL),
        ("material_for", Role.VALUE),
        ("product_type", Role.PRODUCT_TYPE),
        ("battery_type", Role.VALUE),
        ("compatible_with", Role.COMPATIBILITY),
        ("title_zh", Role.LABEL),
    ],
)
def test_the_key_says_what_an_attribute_is(key: str, role: Role) -> None:
    assert role_of(key) is role


@pytest.mark.parametrize(
    ("value", "single"),
    [
        ("SD,SDHC; SDXC", ["SD", "SDHC", "SDXC"]),
        (("print", "scan"), ["print", "scan"]),
        ("0 - 40", []),
        ("336 x 85 x 85 mm", []),
        ("Not supported", []),
        ("A4", ["A4"]),
        ("x", []),
        (12.5, []),
        (True, []),
        ("l" * 61, []),
        ("LCD (TFT, matt)", ["LCD TFT", "matt"]),
    ],
)
def test_values_worth_a_node(value: AttributeValue, single: list[str]) -> None:
    assert list(values_of(value)) == single


@pytest.mark.parametrize(
    ("statement", "targets"),
    [
        ("Inko LX200, LX300", ("Inko LX200", "Inko LX300")),
        ("Inko LX 200; 300; Tono M5", ("Inko LX 200", "Inko LX 300", "Tono M5")),
        ("- Inko LX200\n- Inko LX200", ("Inko LX200",)),
        ("for Inko LX200 and Tono M5", ("Inko LX200", "Tono M5")),
        (("buggies", "prams"), ("buggies", "prams")),
        ("12, 15", ()),
    ],
)
def test_compatibility_statements_name_their_targets(
    statement: AttributeValue, targets: tuple[str, ...]
) -> None:
    assert targets_of(statement) == targets


def test_a_statement_that_names_everything_is_cut() -> None:
    assert len(targets_of(", ".join(f"Model K{number}" for number in range(100)))) == MAX_TARGETS
