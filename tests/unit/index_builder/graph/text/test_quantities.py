import pytest

from index_builder.graph.text.folded import fold
from index_builder.graph.text.quantities import other_measures, quantities


def read(text: str) -> list[tuple[str, str]]:
    folded = fold(text)
    found = []
    for each in quantities(folded):
        start, end = folded.span(each.start, each.end)
        found.append((text[start:end], each.name))
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Lumo Screen 15.6"', [('15.6"', "39.6 cm")]),
        ("屏幕15.6英寸", [("15.6英寸", "39.6 cm")]),
        ("保温杯５００毫升", [("５００毫升", "500 ml")]),
        ("抽纸100抽 24包", [("100抽", "100 sheet"), ("24包", "24 pack")]),
        ("Shelf 30 x 20 x 10 cm", [("30 x 20 x 10 cm", "30 x 20 x 10 cm")]),
        ('Frame 8" x 10"', [('8" x 10"', "20.3 x 25.4 cm")]),
        ("Roll 610 mm x 30 m", [("610 mm x 30 m", "0.61 x 30 m")]),
        ("Plug 1/4in", [("1/4in", "6.35 mm")]),  # 25.4 / 4
        ("Hose 1 1/2 in", [("1 1/2 in", "3.81 cm")]),  # 1.5 * 2.54
        ("Cord (10-ft.)", [("10-ft", "3.05 m")]),
        ("Lead 2,5 m", [("2,5 m", "2.5 m")]),
        ("Yield 12,000 pages", [("12,000 pages", "12000 page")]),
        ("Paper A4 - 20 sheets", [("A4", "A4"), ("20 sheets", "20 sheet")]),
        ("Cups 6 pc(s)", [("6 pc(s)", "6 piece")]),
        ("Cups, pack of 6", [("pack of 6", "6 piece")]),
        ("Strip 1.6/3.8kW", [("1.6/3.8kW", "3800 W")]),
        ("Zero U strip 2U", [("Zero U", "0 U"), ("2U", "2 U")]),
        ("Shelf up to 20 kg", [("20 kg", "20 kg")]),
        ("大米 5斤", [("5斤", "2.5 kg")]),
    ],
)
def test_quantities_are_found_where_they_are_written(text: str, found: list[tuple[str, str]]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Drive 3.0Gb/s",  # a rate
        "Switch 10Gb",  # a line speed in bits
        "Fan 230V 50 Hz 1200 rpm",
        "Printer 4800 x 1200 DPI",
        "Case 1.7 kg",  # its own weight
        "Tablet 2-in-1",
        "Adapter HD15 M/M",
        "Part B311-31-C3",
        "Lens f/4L",
        "iPhone4s notebooks2m4",
    ],
)
def test_other_numbers_are_no_quantities(text: str) -> None:
    assert read(text) == []


def test_measures_that_are_not_labelled_are_known_as_measures() -> None:
    text = "Fan 230V 1200 rpm"

    assert [text[start:end] for start, end in other_measures(fold(text))] == ["230V", "1200 rpm"]
