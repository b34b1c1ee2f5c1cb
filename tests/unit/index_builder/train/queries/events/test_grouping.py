import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index_builder.train.queries.events.grouping import Groups, numbered, totals

COLUMNS = st.integers(0, 30).flatmap(
    lambda length: st.lists(
        st.lists(st.integers(-1, 5), min_size=length, max_size=length), min_size=1, max_size=3
    )
)


@given(COLUMNS)
def test_equal_rows_and_only_those_share_a_number(columns: list[list[int]]) -> None:
    numbers = numbered(*(np.array(column, np.int64) for column in columns)).tolist()
    rows = list(zip(*columns, strict=True))
    assert [sorted(set(rows)).index(row) for row in rows] == numbers


def test_rows_of_a_group_are_sorted_by_the_columns_given_first_above_last() -> None:
    group = np.array([1, 0, 1, 1])
    groups = Groups.of(group, (np.array([5.0, 1.0, np.nan, 5.0]), np.array([2, 0, 0, 1])))
    # Group 0 is row 1; in group 1 rows 3 and 0 share the time 5, and row 2 has none.
    assert groups.order.tolist() == [1, 3, 0, 2]
    assert groups.starts.tolist() == [0, 1]
    assert groups.start_of_each().tolist() == [0, 1, 1, 1]


def test_largest_and_least_of_each_group() -> None:
    groups = Groups.of(np.array([1, 0, 1]))
    values = np.array([4, 9, 2])
    assert groups.largest(values).tolist() == [9, 4]
    assert groups.least(values).tolist() == [9, 2]
    assert totals(np.array([1, 0, 1]), np.array([0.5, 2.0, 1.0])).tolist() == [2.0, 1.5]


def test_no_row_makes_no_group() -> None:
    none = np.empty(0, np.int64)
    groups = Groups.of(none)
    assert groups.order.tolist() == groups.starts.tolist() == groups.largest(none).tolist() == []
