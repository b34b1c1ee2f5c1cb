from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.quality import CleanCatalogue, load_catalogue
from index_builder.quality.attributes import join
from index_builder.sources.mapping import AttributeKind
from index_builder.sources.rows import Problem
from tests.unit.index_builder.catalogue_files import write


def load(folder: Path, *rows: dict[str, object], mapping: str = "default") -> CleanCatalogue:
    return load_catalogue([write(folder, ".jsonl", rows)], mapping=mapping)


def typed(tmp_path: Path, *cells: str) -> tuple[AttributeKind | None, list[object]]:
    path = tmp_path / "feed.csv"
    rows = "\n".join(f'{number},Lamp {number},"{cell}"' for number, cell in enumerate(cells))
    path.write_text(f"id,title,x\n{rows}\n")
    catalogue = load_catalogue([path])
    return catalogue.attribute_kinds.get("x"), [product.attributes.get("x") for product in catalogue.products]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "2.5", "-3e-07"], AttributeKind.NUMBER, [1.0, 2.5, -3e-07]),
        (
            ["1", "2.50", "n. a."],
            AttributeKind.TEXT,
            ["1", "2.50", "n. a."],
        ),  # one text makes a column of texts
        (["true", "No", "YES"], AttributeKind.BOOLEAN, [True, False, True]),
        (["true", "1"], AttributeKind.TEXT, ["true", "1"]),
        (["red|blue", "red"], AttributeKind.TEXTS, [("red", "blue"), ("red",)]),
        (["007", "12"], AttributeKind.TEXT, ["007", "12"]),  # a leading zero is part of an identifier
        (
            ["1234567890123456", "1"],
            AttributeKind.TEXT,
            ["1234567890123456", "1"],
        ),  # 16 digits: too many for a float
        (["1E5", "2E5"], AttributeKind.TEXT, ["1E5", "2E5"]),
        (["", "N/A"], None, [None, None]),
    ],
)
def test_the_type_of_a_csv_column_is_inferred_over_all_its_cells(
    tmp_path: Path, cells: list[str], kind: AttributeKind | None, values: list[object]
) -> None:
    assert typed(tmp_path, *cells) == (kind, values)


@given(st.lists(st.sampled_from(AttributeKind), min_size=1, max_size=4))
def test_the_join_of_types_does_not_depend_on_their_order(kinds: list[AttributeKind]) -> None:
    results = set()
    for ordered in permutations(kinds):
        result = ordered[0]
        for kind in ordered[1:]:
            result = join(result, kind)
        results.add(result)

    assert len(results) == 1
    assert join(results.copy().pop(), kinds[0]) in results  # a type already seen changes nothing


def test_json_values_keep_the_types_they_have(tmp_path: Path) -> None:
    catalogue = load(
        tmp_path,
        {"id": "1", "title": "a", "n": 1, "b": True, "t": "12", "l": ["x", 2, None], "mixed": 1},
        {"id": "2", "title": "b", "n": 2.5, "b": False, "t": "13", "l": [], "mixed": "one"},
    )

    assert catalogue.products[0].attributes == {"b": True, "l": ("x", "2"), "mixed": "1", "n": 1.0, "t": "12"}
    assert catalogue.products[1].attributes == {"b": False, "mixed": "one", "n": 2.5, "t": "13"}
    assert catalogue.attribute_kinds["mixed"] is AttributeKind.TEXT
    mixed = next(entry for entry in catalogue.statistics.attributes if entry.key == "mixed")
    assert mixed.seen == {AttributeKind.NUMBER: 1, AttributeKind.TEXT: 1}


def test_a_key_stated_with_two_types_keeps_the_commoner_and_stores_the_other_beside_it(
    tmp_path: Path,
) -> None:
    rows = [{"n_speed": 5.0}, {"n_speed": 6.0}, {"t_speed": "up to 7"}]

    catalogue = load(
        tmp_path,
        *({"id": str(n), "title": f"Fan {n}", "attributes": row} for n, row in enumerate(rows)),
        mapping="icecat",
    )

    assert [product.attributes for product in catalogue.products] == [
        {"speed": 5.0},
        {"speed": 6.0},
        {"speed_text": "up to 7"},
    ]


def test_a_value_that_its_stated_type_does_not_fit_is_left_out_with_a_warning(tmp_path: Path) -> None:
    catalogue = load(
        tmp_path,
        {"id": "1", "title": "a", "attributes": {"n_watts": "many", "b_dimmable": "perhaps"}},
        {"id": "2", "title": "b", "attributes": {"n_watts": "7", "b_dimmable": "yes"}},
        mapping="icecat",
    )

    assert catalogue.products[0].attributes == {}
    assert catalogue.products[1].attributes == {"dimmable": True, "watts": 7.0}
    assert [(group.code, group.count) for group in catalogue.warnings] == [(Problem.BAD_ATTRIBUTE, 2)]
