from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DataError, InvalidArgumentError
from index_builder.quality import CleanCatalogue, TooManyBadRowsError, load_catalogue
from index_builder.sources.rows import Problem
from tests.unit.index_builder.catalogue_files import as_jsonl

SHARED_ICECAT = Path("../shared/data/icecat/products.jsonl.gz")
Load = Callable[..., CleanCatalogue]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def from_rows(*rows: dict[str, Any], **options: Any) -> CleanCatalogue:
        path = tmp_path / "feed.jsonl"
        path.write_bytes(as_jsonl(rows))
        return load_catalogue([path], **options)

    return from_rows


def codes(catalogue: CleanCatalogue) -> list[tuple[int, Problem]]:
    return [(row.line, row.code) for row in catalogue.quarantined]


def test_bad_rows_are_set_aside_with_line_and_reason_and_the_good_ones_stay(load: Load) -> None:
    catalogue = load(
        {"id": "1", "title": "Lamp"},
        {"title": "no id"},
        {"id": "3 3", "title": "white space"},
        {"id": "4", "title": " <b></b> "},
        {"id": "5", "title": "Chair", "price": -1},
        {"id": "6", "title": "Table"},
        max_bad_share=0.7,
    )

    assert [product.id for product in catalogue.products] == ["1", "6"]
    assert codes(catalogue) == [
        (2, Problem.MISSING_ID),
        (3, Problem.BROKEN_ID),
        (4, Problem.EMPTY_TITLE),
        (5, Problem.BAD_PRICE),
    ]
    assert catalogue.quarantined[3].reason == "the price is negative (-1)"
    assert json.loads(catalogue.quarantined[3].row) == {"id": "5", "title": "Chair", "price": -1}


def test_the_first_of_two_products_with_one_id_stays(load: Load) -> None:
    lamp, chair = {"id": "1", "title": "Lamp"}, {"id": "1", "title": "Chair"}

    catalogue = load(lamp, chair, lamp, max_bad_share=0.5)

    assert [product.title for product in catalogue.products] == ["Lamp"]
    assert codes(catalogue) == [(2, Problem.DUPLICATE_ID), (3, Problem.DUPLICATE_ROW)]
    assert len(catalogue.bad_rows) == 1  # the same row twice is no mistake worth refusing a catalogue for


def test_a_copy_under_another_id_is_dropped_and_its_id_leads_to_the_original(load: Load) -> None:
    same = {"title": "Lamp", "price": 5, "currency": "EUR", "attributes": {"colour": "red", "size": "S"}}
    reordered = same | {"attributes": {"size": "S", "colour": "red"}, "title": " Lamp "}

    catalogue = load({"id": "1"} | same, {"id": "2"} | reordered, {"id": "3"} | same | {"price": 6})

    assert [product.id for product in catalogue.products] == ["1", "3"]
    assert codes(catalogue) == [(2, Problem.DUPLICATE_CONTENT)]
    assert catalogue.replaced == {"2": "1"}
    assert not catalogue.bad_rows


def test_the_share_of_bad_rows_decides_and_copies_do_not_count(load: Load) -> None:
    good = [{"id": str(number), "title": f"Lamp {number}"} for number in range(18)]
    bad = {"id": "", "title": "no id"}

    assert len(load(*good, good[0], bad, max_bad_share=0.05).products) == 18  # 1 bad of 20 rows = 5%
    with pytest.raises(TooManyBadRowsError) as caught:
        load(*good, bad, bad, max_bad_share=0.05)  # 2 of 20 = 10%

    assert "2 of 20 rows are bad (10.0%; 5.0% are accepted)" in caught.value.message
    assert "2 x missing_id (line 19: the row has no id)" in caught.value.message
    assert [row.line for row in caught.value.quarantined] == [19, 20]


def test_a_catalogue_without_one_good_row_is_refused_whatever_share_is_accepted(load: Load) -> None:
    with pytest.raises(DataError, match="1 of 1 rows are bad"):
        load({"title": "no id"}, max_bad_share=1)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_zero_and_one_is_refused(load: Load, share: float) -> None:
    with pytest.raises(InvalidArgumentError, match="max_bad_share"):
        load({"id": "1", "title": "a"}, max_bad_share=share)


def test_overlong_text_is_cut_with_a_warning(load: Load) -> None:
    catalogue = load({"id": "1", "title": "t" * 1001, "description": "d" * 20_001, "notes": "n" * 10_001})

    product = catalogue.products[0]
    assert (len(product.title), len(product.description)) == (1000, 20_000)
    assert product.attributes == {"notes": "n" * 10_000}
    assert {group.code: group.count for group in catalogue.warnings} == {
        Problem.TITLE_CUT: 1,
        Problem.DESCRIPTION_CUT: 1,
        Problem.TEXT_CUT: 1,
    }


def test_several_files_make_one_catalogue_in_the_order_given(tmp_path: Path) -> None:
    first, second = tmp_path / "b.jsonl", tmp_path / "a.csv"
    first.write_bytes(as_jsonl([{"id": "1", "title": "Lamp", "watts": 7}]))
    second.write_text("id,title,watts\n2,Chair,\n1,Lamp again,9\n")

    catalogue = load_catalogue([first, second], max_bad_share=0.5)

    assert [product.id for product in catalogue.products] == ["1", "2"]
    assert catalogue.quarantined[0].file == str(second)
    assert catalogue.quarantined[0].reason == f"1 is also the id of another product at {first}:1"


def test_progress_adds_up_to_the_rows_read(load: Load) -> None:
    told: list[int] = []

    load(*({"id": str(number), "title": f"Lamp {number}"} for number in range(1203)), progress=told.append)

    assert told == [500, 500, 203]


def test_statistics_count_what_is_filled(load: Load) -> None:
    catalogue = load(
        *(
            {"id": str(n), "title": f"Lamp {n}", "price": n, "currency": "EUR", "watts": 7}
            for n in range(1, 5)
        ),
        {"id": "9", "title": "Chair", "brand": "Sitzgut"},
    )

    statistics = catalogue.statistics
    assert (statistics.fields["title"], statistics.fields["price"], statistics.fields["brand"]) == (5, 4, 1)
    assert [(entry.key, entry.filled, entry.distinct) for entry in statistics.attributes] == [("watts", 4, 1)]
    (prices,) = statistics.prices
    assert (prices.minimum, prices.median, prices.maximum) == (1.0, (2 + 3) / 2, 4.0)
    assert sum(count for _, _, count in prices.bins) == prices.count == 4


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_ICECAT.exists(), reason="../shared/data is not there")
def test_the_whole_of_icecat_is_read_cleanly() -> None:
    catalogue = load_catalogue([SHARED_ICECAT])

    assert catalogue.mapping == "icecat"
    assert (catalogue.row_count, len(catalogue.products), len(catalogue.bad_rows)) == (19_406, 19_406, 0)
    assert len(catalogue.attribute_kinds) > 5_000
    assert not any(key.startswith(("t_", "n_", "b_")) for key in list(catalogue.attribute_kinds)[:1000])
