"""Events as columns: a million of them in some 50 MB."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from engine.text import normalise
from index_builder.quality.text import clean
from index_builder.quality.verdicts import RejectedRowError
from index_builder.sources.rows import Problem
from index_builder.train.queries.events.cells import Event

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EventTable:
    """Columns of equal length, in the order of the files. All are int64 but `time`, float64.

    `kind` is an EventKind; `query` and `product` are places in `queries` and `products`, `query` -1 where a
    cart or purchase names none; `position` counts from 1, 0 where unknown; `shopper` and `search` are numbers
    from 0 without meaning, -1 where unknown; `time` is epoch seconds, NaN where unknown.
    """

    kind: Ints
    query: Ints
    product: Ints
    position: Ints
    shopper: Ints
    search: Ints
    time: Floats
    queries: tuple[str, ...]
    products: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.kind)

    def where(self, kept: Flags) -> EventTable:
        return replace(
            self,
            kind=self.kind[kept],
            query=self.query[kept],
            product=self.product[kept],
            position=self.position[kept],
            shopper=self.shopper[kept],
            search=self.search[kept],
            time=self.time[kept],
        )


class EventTableBuilder:
    """Queries that are the same once normalised are one; it is called as it was first written."""

    def __init__(self) -> None:
        self._kind = array("b")
        self._position, self._query, self._product = array("i"), array("i"), array("i")
        self._shopper, self._search = array("q"), array("q")
        self._time = array("d")
        self._query_of: dict[str, int] = {}
        self._query_of_raw: dict[str, int] = {"": -1}
        self._product_of: dict[str, int] = {}
        self._queries: list[str] = []

    def add(self, event: Event) -> None:
        """Raises RejectedRowError, and adds nothing, for a query without a visible character."""
        query = self._query_code(event.query)
        self._kind.append(event.kind)
        self._query.append(query)
        self._product.append(self._product_of.setdefault(event.product, len(self._product_of)))
        self._position.append(event.position)
        self._shopper.append(_hashed(event.shopper))
        self._search.append(_hashed(event.search))
        self._time.append(event.time)

    def build(self) -> EventTable:
        return EventTable(
            np.array(self._kind, np.int64),
            np.array(self._query, np.int64),
            np.array(self._product, np.int64),
            np.array(self._position, np.int64),
            _numbered(np.array(self._shopper, np.int64)),
            _numbered(np.array(self._search, np.int64)),
            np.array(self._time, np.float64),
            tuple(self._queries),
            tuple(self._product_of),
        )

    def _query_code(self, raw: str) -> int:
        code = self._query_of_raw.get(raw)
        if code is None:
            text = clean(raw)
            key = normalise(text)
            if not key:
                raise RejectedRowError(Problem.EMPTY_QUERY, "the row has no query")
            code = self._query_of.setdefault(key, len(self._query_of))
            if code == len(self._queries):
                self._queries.append(text)
            self._query_of_raw[raw] = code
        return code


def _hashed(name: str) -> int:
    """63 bits of a hash, -1 for "": shoppers' ids are not kept, and the memory of one does not grow with its
    length. A million names collide with a chance of one in ten million.
    """
    if not name:
        return -1
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _numbered(hashes: Ints) -> Ints:
    known = hashes >= 0
    numbers = np.full(len(hashes), -1, np.int64)
    numbers[known] = np.unique(hashes[known], return_inverse=True)[1]
    return numbers
