"""Numbers as columns of Arrow and as arrays of NumPy.

Arrow's own `to_numpy` and `array` import pandas where that is installed: a tenth of a server's start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.types import Mask


def numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Of a column without nulls; read-only, and uncopied where it lies in one piece."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.from_dlpack(whole)


def column_of(values: NDArray[Any], valid: Mask | None = None) -> pa.Array:
    """Of an array (n,), uncopied where it lies in one piece; null where `valid`, (n,), is false."""
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    held = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, held])
