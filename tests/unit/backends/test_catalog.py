from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.catalog import RECORDS, Catalog
from engine.backends.column_tables import column_tables
from engine.errors import DamagedGenerationError
from engine.types import Availability, ColumnKind, Money, Product, ProductId
from index_builder.catalog import write_catalog
from tests.shelf import BEANS, GRINDER, KETTLE, MYSTERY, SHELF, columns_of

TEXTS = [f"about {product.title}" for product in SHELF]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_catalog(SHELF, TEXTS, tmp_path)
    return tmp_path


@pytest.fixture
def catalog(folder: Path) -> Catalog:
    return Catalog.open(folder)


def test_products_come_back_by_row_whole_and_in_the_order_asked_for(catalog: Catalog) -> None:
    assert len(catalog) == 4
    assert [catalog.product(row) for row in range(4)] == list(SHELF)
    assert catalog.products([2, 0, 2]) == [BEANS, KETTLE, BEANS]


def test_texts_and_ids_come_back_by_row(catalog: Catalog) -> None:
    assert catalog.texts([3, 0]) == [TEXTS[3], TEXTS[0]]
    assert catalog.ids([1, 1]) == [GRINDER.id, GRINDER.id]
    assert catalog.id_of(3) == MYSTERY.id
    assert not catalog.texts([])
    assert not catalog.ids([])
    assert not catalog.products([])


def test_brands_come_in_one_spelling_and_blank_where_there_is_none(catalog: Catalog, tmp_path: Path) -> None:
    # KETTLE writes "Hearthline", GRINDER "HEARTHLINE": equally frequent, so the first by code point.
    assert catalog.brands([3, 0, 2, 1, 0]) == ["", "HEARTHLINE", "Acme", "HEARTHLINE", "HEARTHLINE"]
    assert catalog.brands(np.array([2])) == ["Acme"]

    write_catalog([MYSTERY], [""], tmp_path / "nameless")
    assert Catalog.open(tmp_path / "nameless").brands([0]) == [""]


def test_rows_are_found_by_exact_id(catalog: Catalog) -> None:
    assert [catalog.row_of(product.id) for product in SHELF] == [0, 1, 2, 3]
    assert catalog.row_of("k-1") is catalog.row_of("") is catalog.row_of("zzz") is None


@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_beyond_the_catalogue_is_no_product(catalog: Catalog, row: int) -> None:
    with pytest.raises(IndexError):
        catalog.product(row)
    with pytest.raises(IndexError):
        catalog.id_of(row)


def test_an_empty_catalogue_opens(tmp_path: Path) -> None:
    write_catalog([], [], tmp_path)
    catalog = Catalog.open(tmp_path)

    assert len(catalog) == len(catalog.columns) == 0
    assert catalog.row_of("x") is None


_TEXT = st.text(max_size=12)
_PRODUCTS = st.lists(
    st.builds(
        Product,
        id=st.text(min_size=1, max_size=4).map(ProductId),
        title=_TEXT,
        brand=_TEXT,
        description=_TEXT,
        category=st.lists(_TEXT, max_size=3).map(tuple),
        price=st.one_of(
            st.none(), st.builds(Money, _TEXT, st.decimals(allow_nan=False, allow_infinity=False))
        ),
        availability=st.sampled_from(Availability),
        image_uri=_TEXT,
        released=st.one_of(st.none(), st.dates()),
        attributes=st.dictionaries(
            _TEXT,
            st.one_of(
                _TEXT, st.floats(allow_nan=False), st.booleans(), st.lists(_TEXT, max_size=3).map(tuple)
            ),
            max_size=4,
        ),
    ),
    max_size=6,
    unique_by=lambda product: product.id,
)


@settings(max_examples=60, deadline=None)
@given(_PRODUCTS)
def test_any_products_come_back_as_they_were(products: list[Product]) -> None:
    with TemporaryDirectory() as name:
        write_catalog(products, [product.title for product in products], Path(name))
        catalog = Catalog.open(Path(name))

        found = catalog.products(range(len(products)))

        assert found == products
        assert [_kinds(product) for product in found] == [_kinds(product) for product in products]
        assert [catalog.row_of(product.id) for product in products] == list(range(len(products)))
        assert catalog.texts(range(len(products))) == [product.title for product in products]
        assert all(catalog.columns.field(name) is not None for name in catalog.columns.names())


def _kinds(product: Product) -> list[tuple[str, type]]:
    """True == 1.0 in Python: equality alone would let a boolean come back as a number."""
    return [(key, type(value)) for key, value in product.attributes.items()]


def test_whole_numbers_among_the_attributes_become_floats(tmp_path: Path) -> None:
    write_catalog([replace(MYSTERY, attributes={"parts": 4})], ["x"], tmp_path)

    assert type(Catalog.open(tmp_path).product(0).attributes["parts"]) is float


def test_the_same_products_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_catalog(SHELF, TEXTS, one)
    write_catalog(list(SHELF), list(TEXTS), other)

    names = sorted(path.name for path in one.iterdir())
    assert len(names) == 6
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_repeated_ids_and_missing_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 products have the id 'K-1'"):
        write_catalog([KETTLE, MYSTERY, KETTLE], ["", "", ""], tmp_path)
    with pytest.raises(ValueError, match="1 rerank texts for 2 products"):
        write_catalog([KETTLE, MYSTERY], [""], tmp_path)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scribble(path: Path) -> None:
    path.write_bytes(b"\x00" * path.stat().st_size if path.suffix == ".arrow" else b"{}")


@pytest.mark.parametrize("damage", [Path.unlink, _empty, _halve, _scribble])
@pytest.mark.parametrize(
    "name",
    [RECORDS, "rows.arrow", "fields.arrow", "text_entries.arrow", "number_entries.arrow", "dictionary.arrow"],
)
def test_a_damaged_file_is_named(folder: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(folder / name)

    with pytest.raises(DamagedGenerationError) as caught:
        Catalog.open(folder)

    assert caught.value.metadata["file"] == str(folder / name)


def test_files_of_two_catalogues_do_not_mix(folder: Path, tmp_path: Path) -> None:
    write_catalog(SHELF[:2], TEXTS[:2], tmp_path / "other")
    (tmp_path / "other" / "dictionary.arrow").replace(folder / "dictionary.arrow")

    with pytest.raises(
        DamagedGenerationError, match=r"dictionary\.arrow has .* rows where fields\.arrow expects"
    ):
        Catalog.open(folder)


def test_fields_have_the_kind_of_their_values() -> None:
    columns = columns_of(SHELF)

    kinds = {name: field.kind for name in columns.names() if (field := columns.field(name)) is not None}

    assert kinds == {
        "attributes.color": ColumnKind.TEXT,
        "attributes.cordless": ColumnKind.BOOLEAN,
        "attributes.max speed": ColumnKind.NUMBER,
        "attributes.size": ColumnKind.TEXT,
        "attributes.weight_kg": ColumnKind.NUMBER,
        "availability": ColumnKind.TEXT,
        "brand": ColumnKind.TEXT,
        "category": ColumnKind.PATH,
        "currency": ColumnKind.TEXT,
        "date_released": ColumnKind.DATE,
        "id": ColumnKind.TEXT,
        "price": ColumnKind.NUMBER,
        "title": ColumnKind.TEXT,
    }


def test_a_column_holds_its_entries_by_row() -> None:
    columns = columns_of(SHELF)
    color, price, released = (columns.field(name) for name in ("attributes.color", "price", "date_released"))
    assert color is not None
    assert price is not None
    assert released is not None

    # Codes by normalised text: black 0, dark brown 1, steel grey 2.
    assert (color.rows.tolist(), color.values.tolist()) == ([0, 1, 1, 2], [0, 0, 2, 1])
    assert (price.rows.tolist(), price.values.tolist()) == ([0, 1, 2], [39.9, 149, 12.5])
    assert released.values.tolist() == [
        (day - date(1970, 1, 1)).days for day in (date(2024, 1, 31), date(2023, 6, 1))
    ]
    for name, expected in {"title": True, "brand": False, "category": False}.items():
        column = columns.field(name)
        assert column is not None
        assert column.every_row_once is expected, name


def test_blank_texts_and_numbers_without_end_are_no_values_and_settle_no_kind() -> None:
    endless = replace(KETTLE, attributes={"a": float("inf"), "b": 1.0, "c": " ", "d": ()}, price=None)
    blank = replace(GRINDER, attributes={"a": 2.0, "b": "", "c": "", "d": ()}, brand=" \u3000")

    columns = columns_of([endless, blank])

    a, b, brand = (columns.field(name) for name in ("attributes.a", "attributes.b", "brand"))
    assert a is not None
    assert b is not None
    assert brand is not None
    assert (a.rows.tolist(), b.rows.tolist(), brand.rows.tolist()) == ([1], [0], [0])
    assert b.kind is ColumnKind.NUMBER
    assert columns.field("attributes.c") is columns.field("attributes.d") is None


def test_a_price_beyond_floats_is_no_value() -> None:
    column = columns_of([replace(KETTLE, price=Money("EUR", Decimal("1e999")))]).field("price")

    assert column is not None
    assert len(column.rows) == 0


def test_a_list_that_spells_a_value_twice_has_it_once() -> None:
    column = columns_of([replace(KETTLE, attributes={"tags": ("Sale", "new", "SALE", "")})]).field(
        "attributes.tags"
    )

    assert column is not None
    assert (column.rows.tolist(), column.values.tolist()) == ([0, 0], [0, 1])


def test_equally_frequent_spellings_go_by_code_point() -> None:
    tables = column_tables([replace(KETTLE, brand="acme"), replace(KETTLE, id=ProductId("2"), brand="ACME")])

    assert "ACME" in tables["dictionary"].column("label").to_pylist()
    assert "acme" not in tables["dictionary"].column("label").to_pylist()
