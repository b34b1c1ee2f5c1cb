from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DataError
from index_builder.quality import load_catalogue
from index_builder.sources import RawRow, choose_mapping, load_mapping, shipped_mappings
from index_builder.sources.mapping import AttributeKind
from index_builder.sources.renaming import AttributeName, MappedRow, Renaming, UntypedText, attribute_key
from tests.unit.index_builder.catalogue_files import as_jsonl

ICECAT_LIKE = {
    "id": "77",
    "title": "Grey toner",
    "name": "TN-77",
    "brand": "Tonerhaus",
    "short_description": "A toner that is grey.",
    "ean": ["0012345678905"],
    "date_released": "2011-03-09",
    "price_cents": 4995,
    "attributes": {"t_colour": "Grey", "n_yield__pages_": 1500.0, "b_original": True},
}


def apply(row: dict[str, Any], mapping: str | Path = "default", *, typed: bool = True) -> MappedRow:
    return Renaming(load_mapping(mapping)).apply(RawRow(Path("shop.csv"), 1, row, typed))


def written(folder: Path, toml: str) -> Path:
    path = folder / "shop.toml"
    path.write_text(toml)
    return path


MINIMAL = '[fields]\nid = "code"\ntitle = "label"\n'


def test_icecat_rows_become_product_fields_and_typed_attributes() -> None:
    mapped = apply(ICECAT_LIKE, "icecat")

    assert mapped.fields == {
        "id": "77",
        "title": "Grey toner",
        "brand": "Tonerhaus",
        "description": "A toner that is grey.",
        "price": 4995,
        "date_released": "2011-03-09",
    }
    assert dict(mapped.attributes) == {
        AttributeName("model", None): "TN-77",
        AttributeName("ean", AttributeKind.TEXTS): ["0012345678905"],
        AttributeName("colour", AttributeKind.TEXT): "Grey",
        AttributeName("yield_pages", AttributeKind.NUMBER): 1500.0,
        AttributeName("original", AttributeKind.BOOLEAN): True,
    }


def test_icecat_is_chosen_by_the_fields_it_is_known_by(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(as_jsonl([ICECAT_LIKE]))

    product = load_catalogue([path]).products[0]

    assert choose_mapping([path]).name == "icecat"
    assert product.price is not None
    assert (str(product.price.amount), product.price.currency_code) == ("49.95", "USD")  # 4995 cents / 100
    assert product.attributes["ean"] == ("0012345678905",)


def test_other_rows_get_the_default_mapping(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(as_jsonl([{"id": "1", "title": "a", "attributes": {"colour": "red"}}]))

    assert choose_mapping([path]).name == "default"


def test_every_shipped_mapping_is_loadable_by_its_name() -> None:
    names = [mapping.name for mapping in shipped_mappings()]

    assert names == ["default", "icecat"]
    assert [load_mapping(name).name for name in names] == names


@pytest.mark.parametrize("name", ["Product ID", "product_id", "productId", "SKU", "sku"])
def test_common_names_of_the_id_are_understood_however_they_are_spelled(name: str) -> None:
    assert apply({name: "7", "Title": "a"}).fields == {"id": "7", "title": "a"}


def test_the_first_name_that_the_row_fills_wins_and_the_others_become_attributes() -> None:
    mapped = apply({"id": "7", "sku": "S-7", "title": "", "name": "Lamp"})

    assert mapped.fields == {"id": "7", "title": "Lamp"}
    assert mapped.attributes == ((AttributeName("sku", None), "S-7"),)


def test_cells_of_untyped_formats_are_marked_and_placeholders_are_empty() -> None:
    mapped = apply({"id": "7", "title": "a", "brand": "N/A", "weight": "12", "size": "null"}, typed=False)

    assert mapped.fields == {"id": "7", "title": "a"}
    assert [(name.key, value, type(value)) for name, value in mapped.attributes] == [
        ("weight", "12", UntypedText)
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        {"colour": "red", "size": {"width": 3}},
        '{"colour": "red", "size": {"width": 3}}',
        [("colour", "red"), ("size width", 3)],  # a Parquet map
        [{"name": "Colour", "value": "red"}, {"name": "Size (width)", "value": 3}],
    ],
)
def test_attributes_may_come_nested_as_json_text_as_pairs_or_as_named_values(attributes: object) -> None:
    mapped = apply({"id": "7", "title": "a", "attributes": attributes})

    assert {name.key: value for name, value in mapped.attributes} == {"colour": "red", "size_width": 3}


def test_a_plain_list_under_an_attributes_name_is_an_attribute_itself() -> None:
    mapped = apply({"id": "7", "title": "a", "features": ["dimmable", "foldable"]})

    assert mapped.attributes == ((AttributeName("features", None), ["dimmable", "foldable"]),)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Weight (kg)", "weight_kg"),
        ("contrast_ratio__typical_", "contrast_ratio_typical"),
        ("颜色", "颜色"),
        ("Größe", "grösse"),  # casefold
        ("***", ""),
    ],
)
def test_attribute_keys_are_lower_case_words(name: str, key: str) -> None:
    assert attribute_key(name) == key
    assert attribute_key(key) == key


def test_a_mapping_of_ones_own_renames_ignores_and_states_types(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'ignore = ["internal"]\ndate_formats = ["%d.%m.%Y"]\n'
        + MINIMAL
        + 'price = "cost"\ncategory = "way"\ndate_released = "since"\n'
        '[price]\nunit = "cents"\ncurrency = "CHF"\n'
        '[separators]\ncategory = "/"\nlist = ","\n'
        '[attributes]\nrename = { hue = "colour" }\ntypes = { article = "text" }\n',
    )
    feed = tmp_path / "feed.csv"
    feed.write_text(
        "code,label,cost,way,since,internal,hue,article,fits\n"
        '1,Lamp,1990,Home/Light/Desk,24.12.2021,secret,red,5,"A1,A2"\n'
    )

    product = load_catalogue([feed], mapping=path).products[0]

    assert str(product.price) == "Money(currency_code='CHF', amount=Decimal('19.90'))"
    assert product.category == ("Home", "Light", "Desk")
    assert str(product.released) == "2021-12-24"
    assert product.attributes == {"article": "5", "colour": "red", "fits": ("A1", "A2")}


@pytest.mark.parametrize(
    ("toml", "key", "problem"),
    [
        (MINIMAL + "colour = 'hue'\n", "fields.colour", "no mapping has such a key"),
        ('[fields]\nid = "code"\n', "fields.title", "it must be given"),
        (MINIMAL + '[price]\nunit = "pence"\n', "price.unit", "'major' or 'cents'"),
        (MINIMAL + '[price]\ncurrency = "euro"\n', "price.currency", "pattern"),
        (MINIMAL + '[attributes]\nprefixes = { n_ = "integer" }\n', "attributes.prefixes.n_", "'number'"),
        (MINIMAL + '[separators]\nlist = ""\n', "separators.list", "at least 1 character"),
        ("fields = 3\n", "fields", "dictionary"),
    ],
)
def test_a_wrong_key_is_told_with_its_file(tmp_path: Path, toml: str, key: str, problem: str) -> None:
    path = written(tmp_path, toml)

    with pytest.raises(DataError) as caught:
        load_mapping(path)

    assert str(path) in caught.value.message
    assert f"'{key}'" in caught.value.message
    assert problem in caught.value.message


def test_text_that_is_not_toml_and_a_missing_mapping_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not readable TOML"):
        load_mapping(written(tmp_path, "fields = [broken"))
    with pytest.raises(DataError, match="or a shipped mapping: default, icecat"):
        load_mapping("iceberg")


def test_a_catalogue_without_any_known_id_says_where_it_was_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(json.dumps({"code": "1", "label": "a"}))

    with pytest.raises(DataError, match="The mapping 'default' looks for the id under: id, product_id, sku"):
        load_catalogue([path])
