"""Groups of equal rows in columns, without a Python object for any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index_builder.train.queries.events.table import Flags, Floats, Ints


def numbered(*columns: Ints) -> Ints:
    """One number, from 0, for each different row of the columns, in the order of their values (from -1 up).

    >>> numbered(np.array([7, 7, 2]), np.array([-1, 5, 5])).tolist()
    [1, 2, 0]
    """
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        width = int(column.max(initial=-1)) + 2
        number = np.unique(number * width + column + 1, return_inverse=True)[1].astype(np.int64)
    return number


def totals(group: Ints, values: Floats | Flags) -> Floats:
    """The sum of the values of each group, float64."""
    return np.asarray(np.bincount(group, values), np.float64)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows in the order of their group: `order[starts[i]:starts[i + 1]]` are those of the i-th, in the order
    in which `sorted_by` had them.
    """

    order: Ints
    starts: Ints

    @classmethod
    def of(cls, group: Ints, sorted_by: Sequence[Ints | Floats] = ()) -> Groups:
        """`sorted_by` is the order inside a group, its first column above its others; NaN comes last."""
        order = np.lexsort((*reversed(sorted_by), group)).astype(np.int64)
        ordered = group[order]
        changes = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        starts = np.concatenate([np.zeros(min(1, len(group)), np.int64), changes])
        return cls(order, starts.astype(np.int64))

    def largest(self, values: Ints) -> Ints:
        return np.maximum.reduceat(values[self.order], self.starts) if len(self.starts) else values[:0]

    def least(self, values: Ints) -> Ints:
        return np.minimum.reduceat(values[self.order], self.starts) if len(self.starts) else values[:0]

    def start_of_each(self) -> Ints:
        """For each place in `order`, the place where its group starts."""
        sizes = np.diff(np.append(self.starts, len(self.order)))
        return np.repeat(self.starts, sizes)
