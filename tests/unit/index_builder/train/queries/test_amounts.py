import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.train.queries.amounts import amounts, with_other_unit, without_amounts


def ways(text: str) -> set[str]:
    """Everything that the text may become."""
    return {str(with_other_unit(text, np.random.default_rng(seed))) for seed in range(60)}


def test_a_screen_is_measured_in_inches_and_centimetres() -> None:
    # 15.6 x 2.54 = 39.624, which is 39.6 cm in three digits, as is 39.6 cm itself.
    assert ways('laptop 15.6"') == {"laptop 15.6 inch", "laptop 15.6inch", "laptop 15.6 in"} | {
        "laptop 39.6 cm",
        "laptop 39.6cm",
    }


def test_disks_are_counted_by_the_thousand() -> None:
    assert {"ssd 500gb", "ssd 0.5 tb", "ssd 0.5tb"} == ways("ssd 500 gb")


def test_an_amount_that_another_unit_would_round_stays_in_its_own() -> None:
    # 1 ft is 0.3048 m: one digit behind the point would make 0.3 m of it, which is another amount.
    assert ways("cable 1 ft") == {"cable 1ft", "cable 1 feet"}


@pytest.mark.parametrize("text", ["laptop", "hp 2540 ink", "dell e6500", "lc-985bk", "usb 3.0", ""])
def test_numbers_that_measure_nothing_stand(text: str) -> None:
    assert with_other_unit(text, np.random.default_rng(0)) is None


@given(
    st.integers(1, 9999),
    st.sampled_from(["inch", "cm", "mm", "m", "ft", "gb", "tb", "ml", "w"]),
    st.integers(0, 99),
)
def test_what_is_written_another_way_measures_the_same(number: int, unit: str, seed: int) -> None:
    text = f"thing {number} {unit}"
    other = with_other_unit(text, np.random.default_rng(seed))
    assert other is not None
    assert other != text
    assert amounts(other) == amounts(text)


def test_what_is_left_of_a_title_without_its_amounts() -> None:
    left = without_amounts('Acme 2540 TV 66 cm (26") 1920 x 1080 pixels, 6 pc(s)')
    assert "2540" in left
    assert not {"66", "26", "1080", "6"} & set(left.replace("(", " ").replace('"', " ").split())
