from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.column_tables import column_tables
from engine.backends.columns import ColumnStore
from engine.backends.live_columns import LiveColumns
from engine.types import Product
from tests.shelf import columns_of, shelves

KEYS = ("color", "weight_kg", "cordless", "size", "max speed")


@settings(max_examples=100, deadline=None)
@given(shelves(), st.sets(st.sampled_from(KEYS)))
def test_columns_made_field_by_field_are_those_made_all_at_once(
    products: tuple[Product, ...], new: set[str]
) -> None:
    fields = columns_of(products).kinds
    known = {name: kind for name, kind in fields.items() if name.removeprefix("attributes.") not in new}
    together = ColumnStore(column_tables(products, kinds=known), len(products))

    one_by_one = LiveColumns(products, known)

    assert {*one_by_one.names()} >= {*together.names()}
    for name in together.names():
        column, expected = one_by_one.field(name), together.field(name)
        assert column is not None
        assert expected is not None
        assert (column.kind, column.every_row_once) == (expected.kind, expected.every_row_once)
        assert (column.rows.tolist(), column.values.tolist()) == (
            expected.rows.tolist(),
            expected.values.tolist(),
        )
        every = range(expected.code_count)
        assert [column.label(code) for code in every] == [expected.label(code) for code in every]
    assert one_by_one.field("attributes.unheard_of") is one_by_one.field("color") is None
