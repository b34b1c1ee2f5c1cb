"""A few products for tests of filters, facets, orders and the catalogue, and strategies that make more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from engine.backends.column_tables import column_tables
from engine.backends.columns import ColumnStore
from engine.backends.layered_columns import LayeredColumns
from engine.backends.live_columns import LiveColumns
from engine.types import Availability, Money, Product, ProductId

KETTLE = Product(
    ProductId("K-1"),
    "Kettle Uno 1.7 L",
    brand="Hearthline",
    category=("Kitchen", "Kettles"),
    price=Money("EUR", Decimal("39.90")),
    availability=Availability.IN_STOCK,
    released=date(2024, 1, 31),
    attributes={"color": "Black", "weight_kg": 1.2, "cordless": True, "size": "large", "max speed": 3.0},
)
GRINDER = Product(
    ProductId("G-1"),
    "Coffee grinder with 40 steps",
    brand="HEARTHLINE",
    category=("Kitchen", "Coffee", "Grinders"),
    price=Money("EUR", Decimal(149)),
    availability=Availability.OUT_OF_STOCK,
    released=date(2023, 6, 1),
    attributes={"color": ("black", "Steel grey"), "weight_kg": 2.8, "cordless": False, "size": 42.0},
)
BEANS = Product(
    ProductId("B-1"),
    "Espresso beans, dark roast 黑咖啡豆",
    brand="Acme",
    category=("Grocery", "Coffee"),
    price=Money("USD", Decimal("12.5")),
    attributes={"color": "Dark brown"},
)
MYSTERY = Product(ProductId("m-1"), "Mystery box")
SHELF = (KETTLE, GRINDER, BEANS, MYSTERY)

_TEXTS = st.sampled_from(
    ["HP", "hp", "ＨＰ", "Black", "black ink", "ink black", "深黑色", "usb-c", 'He said "15.6" \\', "STRASSE",
     "straße", "a > b", "true", "42", "NOT", "  ", "", "it's\ta\ntab"]
)  # fmt: skip
_PRICES = st.one_of(
    st.none(),
    st.builds(
        Money, st.sampled_from(["EUR", "USD"]), st.sampled_from([Decimal("1.10"), Decimal(2), Decimal(300)])
    ),
)
_ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "color": st.one_of(_TEXTS, st.lists(_TEXTS, max_size=3).map(tuple)),
        "weight_kg": st.sampled_from([0.0, -1.5, 2.0, 1e9, 0.1]),
        "cordless": st.booleans(),
        "size": st.one_of(_TEXTS, st.sampled_from([42.0, 0.5]), st.booleans()),
        "max speed": st.sampled_from([3.0, 7.5]),
    },
)


@st.composite
def shelves(draw: st.DrawFn) -> tuple[Product, ...]:
    """KETTLE and GRINDER, so that every field of SHELF is there, and up to eight strange products."""
    strange = st.builds(
        Product,
        id=st.sampled_from("abcdefghijklmnop").map(ProductId),
        title=_TEXTS,
        brand=_TEXTS,
        description=st.text(max_size=20),
        category=st.lists(st.sampled_from(["a", "A ", "b", "Kitchen", "厨房"]), max_size=3).map(tuple),
        price=_PRICES,
        availability=st.sampled_from(Availability),
        image_uri=st.just(""),
        released=st.one_of(
            st.none(), st.sampled_from([date(2024, 1, 31), date(1969, 12, 31), date(2030, 1, 1)])
        ),
        attributes=_ATTRIBUTES,
    )
    found = draw(st.lists(strange, max_size=8, unique_by=lambda product: product.id))
    return draw(st.permutations([KETTLE, GRINDER, *found]).map(tuple))


def columns_of(products: Sequence[Product]) -> ColumnStore:
    return ColumnStore(column_tables(products), len(products))


def layered_columns_of(products: Sequence[Product]) -> LayeredColumns:
    """The same catalogue by live changes: a base of the first two thirds, of which every other product was
    different, and live entries that put them right and add the last third, in no order.
    """
    kinds, base_size = columns_of(products).kinds, len(products) * 2 // 3
    base = [_outdated(product) if row % 2 else product for row, product in enumerate(products[:base_size])]
    rows = [*range(base_size, len(products)), *range(1, base_size, 2)]
    live = [products[row] for row in rows]
    return LayeredColumns(
        ColumnStore(column_tables(base, kinds=kinds), base_size, remembered_masks=4),
        LiveColumns(live, kinds),
        np.array(rows, np.int64),
        len(products),
    )


def _outdated(product: Product) -> Product:
    return replace(
        product,
        title=f"{product.title} of old",
        category=("Old", *product.category),
        price=None if product.price else Money("XTS", Decimal(7)),
        availability=Availability.PREORDER,
        released=None if product.released else date(2020, 2, 2),
        attributes={},
    )
