"""The catalogue that is served, with its live changes, as a build takes it in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.backends.catalog import Catalog
from engine.backends.product_log import ProductLog
from engine.errors import ConfigError, DataError, ForgottenChangesError
from engine.generation import LIVE, DataFolder
from engine.manifest import folded_parameters
from engine.types import ColumnKind, FoldedChanges, Product, ProductId
from engine.written_changes import WrittenChange, WrittenRequest
from index_builder.catalog import write_catalog
from index_builder.config import BuildSettings
from index_builder.intake import take_in
from index_builder.live_catalogue import TakenIn, folded_into_files, read_live, settled_kinds
from index_builder.publish import Summary, publish, seal
from index_builder.sources.mapping import AttributeKind
from index_builder.sources.rows import Problem
from tests.unit.test_generation import write_parts


def product(product_id: str, title: str = "Desk", **attributes: str | float) -> Product:
    return Product(ProductId(product_id), title, attributes=attributes)


SHOP = (
    product("a", "Oak desk", width=120.0, color="brown"),
    product("b", "Pine desk", width=140.0),
    product("c", "Lamp", width=20.0, color="red"),
)


def publish_shop(data: Path, *shop: Product, folded: FoldedChanges | None = None) -> None:
    work = write_parts(data / "building" / str(len(shop)))
    write_catalog(shop, [each.title for each in shop], work / "catalog")
    build = folded_parameters(folded or FoldedChanges())
    seal(work, Summary("0.1", 4, 3, 2, 10, 0.97, build, {}, {}))
    publish(work, data, activate=True)


def change(log: ProductLog, *changes: Product | str) -> None:
    """Products as they shall be; an id is a deletion."""
    log.commit(
        [
            WrittenRequest(
                "",
                b"",
                [
                    WrittenChange(0, each, None, None, "")
                    if isinstance(each, str)
                    else WrittenChange(0, each.id, each, None, "")
                ],
            )
            for each in changes
        ]
    )


def taken_in(data: Path) -> TakenIn:
    return read_live(DataFolder(data), lambda _done, _total: None)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ProductLog]:
    """Of a shop whose generation is published."""
    publish_shop(tmp_path, *SHOP)
    opened = ProductLog(tmp_path / LIVE)
    yield opened
    opened.close()


def test_changes_are_laid_over_the_products_that_are_served(tmp_path: Path, log: ProductLog) -> None:
    """In their order, also one that was gone for a while; what is new comes last."""
    change(log, product("b", "Pine table"), product("d", "Stool"), "a", "c", product("a", "Oak bench"))

    taken = taken_in(tmp_path)

    assert [(each.id, each.title) for each in taken.catalogue.products] == [
        ("a", "Oak bench"),
        ("b", "Pine table"),
        ("d", "Stool"),
    ]
    assert taken.folded == log.upto(5)


def test_only_changes_that_the_generation_does_not_hold_are_laid_over(
    tmp_path: Path, log: ProductLog
) -> None:
    change(log, product("b", "Pine table"), product("b", "Pine bench"))
    publish_shop(tmp_path, product("b", "Bench out of pine"), folded=log.upto(2))
    change(log, product("d", "Stool"))

    taken = taken_in(tmp_path)

    assert [each.title for each in taken.catalogue.products] == ["Bench out of pine", "Stool"]
    assert taken.folded == log.upto(3)


def test_without_changes_the_served_products_are_taken(tmp_path: Path) -> None:
    publish_shop(tmp_path, *SHOP)

    taken = taken_in(tmp_path)

    assert taken.catalogue.products == SHOP
    assert taken.folded == FoldedChanges()


def test_copies_of_other_products_are_all_kept_and_reported(tmp_path: Path, log: ProductLog) -> None:
    """Of a file one of them would be dropped; here a caller was told that it is there."""
    change(log, product("a-copy", "Oak desk", width=120.0, color="brown"))

    catalogue = taken_in(tmp_path).catalogue

    assert [each.id for each in catalogue.products] == ["a", "b", "c", "a-copy"]
    assert [group.ids for group in catalogue.near_duplicates] == [("a", "a-copy")]
    assert (catalogue.quarantined, dict(catalogue.replaced)) == ((), {})


def test_one_odd_value_does_not_make_texts_of_a_shops_numbers(tmp_path: Path, log: ProductLog) -> None:
    odd = product("d", "Stool", width="narrow")
    change(log, odd)

    taken = taken_in(tmp_path)
    write_catalog(taken.catalogue.products, [""] * 4, tmp_path / "written", taken.kinds)

    catalog = Catalog.open(tmp_path / "written")
    assert catalog.columns.kinds["attributes.width"] is ColumnKind.NUMBER
    assert catalog.product(3) == odd
    assert taken.catalogue.attribute_kinds["width"] is AttributeKind.NUMBER
    (warning,) = taken.catalogue.warnings
    assert (warning.code, warning.count) == (Problem.BAD_ATTRIBUTE, 1)
    assert warning.examples[0].message.startswith("width of d is of another type")


def test_a_field_whose_values_were_mostly_changed_takes_the_new_type() -> None:
    before = {"attributes.width": ColumnKind.NUMBER, "title": ColumnKind.TEXT}
    few = (product("a", width="wide"), product("b", width=1.0))
    most = (*few, product("c", width="narrow"))

    assert settled_kinds(few, before) == before
    assert settled_kinds(most, before) == {"title": ColumnKind.TEXT}


def test_a_shop_without_any_product_left_is_not_built(tmp_path: Path, log: ProductLog) -> None:
    change(log, "a", "b", "c")

    with pytest.raises(DataError, match="every product is deleted"):
        taken_in(tmp_path)


def test_without_a_generation_there_is_nothing_to_lay_changes_over(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No generation is active"):
        taken_in(tmp_path)


def test_files_hold_no_changes_unless_somebody_says_so(tmp_path: Path, log: ProductLog) -> None:
    change(log, "a", "b")

    assert folded_into_files(tmp_path, 0) == FoldedChanges()
    assert folded_into_files(tmp_path, 1) == log.upto(1)
    assert folded_into_files(tmp_path / "other", 0) == FoldedChanges()


def test_files_can_not_hold_changes_that_nobody_has_made(tmp_path: Path, log: ProductLog) -> None:
    change(log, "a", "b")

    with pytest.raises(ConfigError, match="--live-until is 3: the last change of the log is 2"):
        folded_into_files(tmp_path, 3)
    with pytest.raises(ConfigError, match="no live changes in"):
        folded_into_files(tmp_path / "other", 3)


def test_files_without_changes_that_the_log_has_forgotten_are_refused(
    tmp_path: Path, log: ProductLog
) -> None:
    change(log, "a", "b", product("d"))
    held = log.upto(2)
    assert held is not None
    log.forget([held], 1_000)

    for lacking in (0, 1):
        with pytest.raises(ForgottenChangesError, match=r"--from-live, .* with --live-until 2"):
            folded_into_files(tmp_path, lacking)
    assert folded_into_files(tmp_path, 2) == held


@pytest.mark.parametrize("given", [{"catalog": (Path("x.jsonl"),)}, {"live_until": 3}])
def test_what_is_served_is_built_from_nothing_else(tmp_path: Path, given: dict[str, Any]) -> None:
    settings = BuildSettings(out=tmp_path, from_live=True, **given)

    with pytest.raises(ConfigError, match="--from-live goes neither with --catalog nor with --live-until"):
        take_in(settings, tmp_path / "report", lambda _done, _total: None)


def test_what_is_served_has_a_report_like_every_catalogue(tmp_path: Path, log: ProductLog) -> None:
    change(log, product("d", "Stool", width="narrow"))
    settings = BuildSettings(out=tmp_path, from_live=True)

    take_in(settings, tmp_path / "report", lambda _done, _total: None)

    report = json.loads((tmp_path / "report" / "quality.json").read_text())
    assert (report["mapping"], report["product_count"], report["bad_row_count"]) == ("live", 4, 0)
    assert [warning["code"] for warning in report["warnings"]] == ["bad_attribute"]
