"""Numbers go from NumPy to Arrow and back, by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from engine.backends.arrow_numbers import column_of, numbers


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_an_array_comes_back_as_it_was(dtype: type, count: int) -> None:
    array: NDArray[Any] = np.arange(count, dtype=dtype)

    again = numbers(column_of(array))

    assert again.dtype == dtype
    assert np.array_equal(again, array)


def test_every_second_number_makes_a_column_as_well() -> None:
    assert column_of(np.arange(6)[::2]).to_pylist() == [0, 2, 4]


def test_what_is_not_valid_is_null() -> None:
    valid = np.arange(11) % 3 == 0

    column = column_of(np.arange(11), valid)

    assert column.to_pylist() == [each if each % 3 == 0 else None for each in range(11)]
    assert column.null_count == 7


def test_a_column_in_pieces_and_a_slice_of_one_are_read_whole() -> None:
    whole = column_of(np.arange(10))

    assert numbers(pa.chunked_array([whole.slice(7), whole.slice(0, 2)])).tolist() == [7, 8, 9, 0, 1]
    assert numbers(whole.slice(3, 4)).tolist() == [3, 4, 5, 6]
