import pytest

from index_builder.graph.evidence import Label
from index_builder.graph.text.units import UNITS, amount_name, converted, label_of


@pytest.mark.parametrize(
    ("number", "unit", "name"),
    [
        (15.6, "inch", "39.6 cm"),  # 15.6 * 2.54 = 39.624
        (39.6, "centimeter", "39.6 cm"),
        (3, "foot", "91.4 cm"),  # 3 * 30.48 = 91.44
        (10, "foot", "3.05 m"),  # 10 * 0.3048 = 3.048
        (0.5, "terabyte", "500 GB"),
        (500, "gigabyte", "500 GB"),
        (0.25, "gigabyte", "256 MB"),  # memory: 0.25 * 1024
        (2048, "megabyte", "2 GB"),  # memory: 2048 / 1024
        (1000, "gigabyte", "1 TB"),
        (512, "gigabyte", "512 GB"),
        (1.5, "kilowatt", "1500 W"),
        (75, "centiliter", "750 ml"),
        (500, "gram", "500 g"),
        (3, "jin", "1.5 kg"),  # a jin is half a kilogram
        (1, "rack_unit", "1 U"),
        (31000, "page", "31000 page"),
    ],
)
def test_an_amount_has_one_name_whatever_its_unit(number: float, unit: str, name: str) -> None:
    assert amount_name([number], unit) == name


def test_sides_are_named_in_one_unit() -> None:
    assert amount_name([0.21, 0.297], "meter") == "21 x 29.7 cm"


def test_conversion_is_that_of_the_definition_of_the_inch() -> None:
    assert converted(1, "inch", "centimeter") == pytest.approx(2.54)


def test_lengths_and_rack_units_are_sizes_and_everything_else_is_a_capacity() -> None:
    assert {label_of(unit) for unit in ("meter", "inch", "rack_unit")} == {Label.SIZE}
    assert {label_of(unit) for unit in ("gigabyte", "watt", "piece", "liter")} == {Label.CAPACITY}


def test_every_unit_can_be_named() -> None:
    assert all(amount_name([2.0], unit) for unit in set(UNITS.values()))
