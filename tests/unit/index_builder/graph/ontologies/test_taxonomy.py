"""A folder in the layout of Shopify's taxonomy is read whole, or refused with file and line."""

import gzip
from pathlib import Path

import pytest

from engine.errors import DataError
from index_builder.graph.ontologies.sources import load_sources
from index_builder.graph.ontologies.taxonomy import Taxonomy, load_taxonomy

SHOPIFY = Path("../shared/data/shopify_taxonomy")
CATEGORIES = (
    "category_id\tparent_id\tlevel\tname\tfull_path\tattribute_ids\n"
    "k\t\t0\tKitchen\tKitchen\t\n"
    "k-1\tk\t1\tPots & Pans\tKitchen > Pots & Pans\tcolor,coating\n"
    "k-1-1\tk-1\t2\tWoks\tKitchen > Pots & Pans > Woks\tcolor\n"
)
VALUES = """value_id	name	attribute_id
color__red	Red	color
coating__enamel	Enamel	coating
"""
ATTRIBUTES = """{"attribute_id": "color", "name": "Color", "values": ["color__red"], "extends": null}
{"attribute_id": "coating", "name": "Coating", "values": ["coating__enamel"], "extends": null}
{"attribute_id": "rim_color", "name": "Rim color", "values": [], "extends": "color"}
"""
CHINESE = """category_id	full_path_zh
k	厨房
k-1-1	厨房 > 锅具 > 炒锅
"""
FILES = {
    "categories.tsv": CATEGORIES,
    "values.tsv": VALUES,
    "attributes.jsonl": ATTRIBUTES,
    "categories_zh-CN.tsv": CHINESE,
}


def folder(path: Path, **changed: str | bytes | None) -> Path:
    """The files above, some of them changed (by the first word of their names) or, with None, left out."""
    target = path / "kitchen"
    target.mkdir()
    for name, text in FILES.items():
        content = changed.get(name.partition(".")[0].replace("-", "_"), text)
        if content is not None:
            (target / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return target


def test_categories_have_names_parents_chinese_and_attributes_with_values(tmp_path: Path) -> None:
    taxonomy = load_taxonomy(folder(tmp_path))

    assert taxonomy.name == "kitchen"
    assert list(taxonomy.ids) == ["k", "k-1", "k-1-1"]
    assert [concept.label for concept in taxonomy.concepts] == ["Kitchen", "Pots & Pans", "Woks"]
    assert [concept.chinese for concept in taxonomy.concepts] == ["厨房", "", "炒锅"]
    assert taxonomy.broader == [(1, 0), (2, 1)]
    assert taxonomy.category_attributes == ((), (0, 1), (0,))
    assert [value.name for value in taxonomy.values] == ["Red", "Enamel"]


def test_an_attribute_that_extends_another_has_its_values(tmp_path: Path) -> None:
    color, coating, rim = load_taxonomy(folder(tmp_path)).attributes
    assert (color.values, coating.values, rim.values) == ((0,), (1,), (0,))


def test_chinese_names_may_be_missing_and_files_may_be_gzipped(tmp_path: Path) -> None:
    target = folder(tmp_path, categories_zh_CN=None)
    (target / "categories.tsv.gz").write_bytes(gzip.compress(CATEGORIES.encode()))
    (target / "categories.tsv").unlink()
    taxonomy = load_taxonomy(target)
    assert {concept.chinese for concept in taxonomy.concepts} == {""}
    assert len(taxonomy.concepts) == 3


BROKEN: dict[
    str, tuple[str, str | bytes | None, str, str]
] = {  # changed file, its content, where and words of the message
    "parent": ("categories", CATEGORIES.replace("k-1-1\tk-1", "k-1-1\tk-9"), "categories.tsv:4", "'k-9'"),
    "twice": (
        "categories",
        CATEGORIES + "k-1\tk\t1\tPans\tPans\t\n",
        "categories.tsv:5",
        "stated twice",
    ),
    "no id": ("categories", CATEGORIES + "\tk\t1\tPans\tPans\t\n", "categories.tsv:5", "is empty"),
    "attribute": ("categories", CATEGORIES.replace("color\n", "size\n"), "categories.tsv:4", "'size'"),
    "cells": ("categories", CATEGORIES + "k-2\tk\t1\n", "categories.tsv:5", "3 cells instead of 6"),
    "column": ("categories", "id\tname\nk\tKitchen\n", "categories.tsv:1", "'category_id'"),
    "bytes": (
        "categories",
        CATEGORIES.encode() + b"k-2\tk\t1\tCr\xeape\t\t\n",
        "categories.tsv:5",
        "byte 11",
    ),
    "value": ("attributes", ATTRIBUTES.replace("color__red", "gone"), "attributes.jsonl:1", "'gone'"),
    "json": ("attributes", ATTRIBUTES + "{\n", "attributes.jsonl:4", "JSON object"),
    "attribute twice": ("attributes", ATTRIBUTES * 2, "attributes.jsonl:4", "stated twice"),
    "missing": ("values", None, "kitchen", "neither values.tsv nor values.tsv.gz"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_one_error_with_file_and_line(tmp_path: Path, case: str) -> None:
    name, content, where, words = BROKEN[case]
    target = folder(tmp_path, **{name: content})

    with pytest.raises(DataError) as caught:
        load_taxonomy(target)

    place = target.parent / where if where == "kitchen" else target / where
    assert str(caught.value).startswith(f"{place}: ")
    assert words in str(caught.value)


def test_a_circle_of_parents_is_named(tmp_path: Path) -> None:
    circle = CATEGORIES.replace("k-1\tk\t1", "k-1\tk-1-1\t1")
    with pytest.raises(DataError, match="Pots & Pans → Woks → Pots & Pans"):
        load_taxonomy(folder(tmp_path, categories=circle))


def test_damaged_gzip_data_is_an_error(tmp_path: Path) -> None:
    target = folder(tmp_path, values=None)
    (target / "values.tsv.gz").write_bytes(gzip.compress(VALUES.encode() * 50)[:-20])
    with pytest.raises(DataError, match=r"values\.tsv\.gz"):
        load_taxonomy(target)


def test_sources_are_folders_and_files_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    target = folder(tmp_path)
    concept = "<urn:a> a <http://www.w3.org/2004/02/skos/core#Concept> ."
    (tmp_path / "colours.ttl").write_text(concept, encoding="utf-8")
    (tmp_path / "kitchen.ttl").write_text(concept, encoding="utf-8")

    taxonomy, ontology = load_sources([target, tmp_path / "colours.ttl"])
    assert isinstance(taxonomy, Taxonomy)
    assert (taxonomy.name, ontology.name) == ("kitchen", "colours")

    with pytest.raises(DataError, match="has the same name as"):
        load_sources([target, tmp_path / "kitchen.ttl"])


@pytest.mark.shared
@pytest.mark.skipif(not SHOPIFY.exists(), reason="../shared/data is not there")
def test_the_whole_of_shopifys_taxonomy_is_read() -> None:
    taxonomy = load_taxonomy(SHOPIFY)
    assert (len(taxonomy.concepts), len(taxonomy.attributes), len(taxonomy.values)) == (10_595, 2_299, 20_635)
    assert all(concept.chinese for concept in taxonomy.concepts)
    laptops = taxonomy.ids.index("el-6-6")
    assert (taxonomy.concepts[laptops].label, taxonomy.concepts[laptops].chinese) == ("Laptops", "笔记本电脑")
