from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.relations.axes import Axis, TitleReader

READER = TitleReader(["red", "dark blue", "blue", "红色", "蓝色"])


@pytest.mark.parametrize(
    ("one", "other", "axis"),
    [
        ("Acme Brush red", "Acme Brush dark blue", Axis.COLOR),
        ("Acme Rope 2 m", "Acme Rope 10m", Axis.SIZE),
        ('Acme Panel 24"', 'Acme Panel 27"', Axis.SIZE),
        ("Acme Shirt XL", "Acme Shirt S", Axis.SIZE),
        ("Acme Stick 16GB", "Acme Stick 1 TB", Axis.CAPACITY),
        ("Acme Napkins 20 pcs", "Acme Napkins 100 pcs", Axis.PACK),
        ("Acme Clay 3-pack", "Acme Clay pack of 6", Axis.PACK),
        ("Acme Keys K9 QWERTY", "Acme Keys K9 AZERTY", Axis.LANGUAGE),
        ("Acme Drill TX-450A", "Acme Drill TX-450BC", Axis.MODEL),
        ("搪瓷杯 红色", "搪瓷杯 蓝色", Axis.COLOR),
        ("数据线 2米", "数据线 3米", Axis.SIZE),
        ("洗衣液 500毫升", "洗衣液 1升", Axis.CAPACITY),
        ("毛巾 3条装 2件", "毛巾 3条装 5件", Axis.PACK),
    ],
)
def test_titles_that_differ_along_one_axis_share_a_template(one: str, other: str, axis: Axis) -> None:
    first, second = READER.read(one), READER.read(other)

    assert first.template == second.template
    assert {each for each, _ in first.values} == {axis}
    assert first.values != second.values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Printer 4200", "Acme Printer 4300"),
        ("Acme Drill TX-450", "Acme Drill TX-460"),
        ("Acme Lens 50 f/2.8L", "Acme Lens 50 f/4L"),
        ("Acme Port DB9F", "Acme Port DB9M"),
        ("Acme Brush", "Acme Broom"),
    ],
)
def test_what_tells_models_apart_stays_in_the_template(one: str, other: str) -> None:
    assert READER.read(one).template != READER.read(other).template


def test_values_side_by_side_are_one_place() -> None:
    assert READER.read("Rope 6 ft (1.83 m)").template == READER.read("Rope 2 m").template == "rope <size>"


def test_a_model_number_is_an_axis_when_asked() -> None:
    first, second = (READER.read(f"Rope {model} 2 m", mask_models=True) for model in ("AB12", "AB15"))

    assert first.template == second.template == "rope <model> <size>"


def test_a_reader_without_colours_finds_none() -> None:
    assert TitleReader([]).read("red rope").values == ()


@given(st.text(max_size=60))
def test_any_title_can_be_read_and_the_same_title_reads_the_same(title: str) -> None:
    shape = READER.read(title)

    assert shape == READER.read(title)
    assert "  " not in shape.template
