"""Eight writers and sixteen readers of one engine: some order of the writes explains every read.

Some thousand reads here; CARTOGRAPH_FAULT_READS says how many instead (the long form has 1,000,000).
"""

from __future__ import annotations

import os
import threading
from bisect import bisect
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, count
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from engine.bootstrap import open_engine
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.generation import DataFolder
from engine.live.changes import ChangeRequest, ProductUpsert
from engine.request import RerankSpec, SearchRequest
from engine.serving import ServingEngine
from engine.types import Money, Product, ProductId
from tests.fault.report import Report
from tests.small_shop import active_generation, link_generation

READS = int(os.environ.get("CARTOGRAPH_FAULT_READS", "1600"))
WRITERS, READERS = 8, 16
PAIRS = (("A-1", "A-2"), ("B-1", "B-2"), ("C-1", "C-2"))
"""Products that are only ever written together: whoever sees them differ has seen half a request."""
BRAND = "Quibble"
LEAST_WRITES = 150
PAUSE, READER_PAUSE = 0.01, 0.002
"""Seconds between two writes of a writer and two reads of a reader: one interpreter runs them all, and who
never waits leaves the others hardly a turn.
"""


@dataclass(frozen=True)
class Write:
    """Of one pair, as version `number`; the log made it change `sequence`."""

    pair: int
    number: int
    sequence: int
    begun: float
    acknowledged: float


@dataclass(frozen=True)
class Read:
    """What a reader saw of a pair: the numbers of both products."""

    pair: int
    seen: tuple[int, int]
    begun: float
    ended: float


class Reader:
    """Reads pairs by their ids, or all of them by a search, by turns."""

    def __init__(self, engine: ServingEngine) -> None:
        self._engine = engine
        self.reads: list[Read] = []

    def read(self, turn: int) -> None:
        begun = monotonic()
        if turn % 2:
            pair = turn // 2 % len(PAIRS)
            found, wanted = self._engine.products(PAIRS[pair])[0], [pair]
        else:
            request = SearchRequest(
                "teapot", page_size=50, filter=f"brand = {BRAND}", rerank=RerankSpec(False)
            )
            found = [hit.product for hit in self._engine.search(request, Deadline.none()).hits]
            wanted = list(range(len(PAIRS)))
        ended, numbers = monotonic(), {str(product.id): number_of(product) for product in found}
        for pair in wanted:
            first, second = (numbers[product_id] for product_id in PAIRS[pair])
            self.reads.append(Read(pair, (first, second), begun, ended))


def number_of(product: Product) -> int:
    assert product.price is not None
    return int(product.price.amount)


def write(engine: ServingEngine, pair: int, number: int) -> Write:
    """Both products of the pair; now and then with other words, which moves them to other rows."""
    title, begun = f"Teapot {pair} edition {number // 10}", monotonic()
    vector = np.random.default_rng(number).standard_normal(384).astype(np.float32)
    upserts = [
        ProductUpsert(
            Product(ProductId(each), title, brand=BRAND, price=Money("EUR", Decimal(number))), vector
        )
        for each in PAIRS[pair]
    ]
    result = engine.change_products(ChangeRequest(upserts), Deadline.none())
    assert all(outcome.sequence for outcome in result.outcomes)
    return Write(pair, number, result.outcomes[0].sequence, begun, monotonic())


def unexplained(reads: Sequence[Read], writes: Sequence[Write]) -> list[Read]:
    """Those of one reader, in their order, that no order of the writes explains: of two requests, of one that
    was not sent yet, older than what was acknowledged before, or than what the reader had seen.
    """
    by_number = {each.number: each for each in writes}
    newest = [Newest([each for each in writes if each.pair == pair]) for pair in range(len(PAIRS))]
    seen, wrong = [0] * len(PAIRS), []
    for read in reads:
        first, second = read.seen
        found = by_number[first]
        least = max(seen[read.pair], newest[read.pair].acknowledged_at(read.begun))
        if first != second or found.begun > read.ended or found.sequence < least:
            wrong.append(read)
        seen[read.pair] = max(seen[read.pair], found.sequence)
    return wrong


class Newest:
    """Of writes, the last change that was acknowledged at a moment."""

    def __init__(self, writes: Sequence[Write]) -> None:
        ordered = sorted(writes, key=lambda each: each.acknowledged)
        self._moments = [each.acknowledged for each in ordered]
        self._sequences = list(accumulate((each.sequence for each in ordered), max))

    def acknowledged_at(self, moment: float) -> int:
        place = bisect(self._moments, moment)
        return self._sequences[place - 1] if place else 0


@pytest.fixture
def engine(tmp_path: Path, small_data: Path) -> Iterator[ServingEngine]:
    data = tmp_path / "data"
    DataFolder(data).activate(link_generation(active_generation(small_data), data).id)
    opened = open_engine(data, ServeSettings(data=data, threads=1, verify=False, live_products=100_000))
    yield opened
    opened.close()


def test_every_read_sees_a_state_that_some_order_of_the_writes_explains(
    engine: ServingEngine, report: Report
) -> None:
    numbers, done = count(1), threading.Event()
    writes = [write(engine, pair, next(numbers)) for pair in range(len(PAIRS))]
    readers = [Reader(engine) for _ in range(READERS)]

    def read_on(reader: Reader) -> None:
        turn = 0
        while turn < -(-READS // READERS) or len(writes) < LEAST_WRITES:
            reader.read(turn)
            turn += 1
            done.wait(READER_PAUSE)

    def write_on(writer: int) -> None:
        while not done.wait(PAUSE):
            writes.append(write(engine, writer % len(PAIRS), next(numbers)))

    with ThreadPoolExecutor(WRITERS + READERS) as threads:
        writing = [threads.submit(write_on, writer) for writer in range(WRITERS)]
        try:
            list(threads.map(read_on, readers))
        finally:
            done.set()
        for future in writing:
            future.result()

    wrong = [read for reader in readers for read in unexplained(reader.reads, writes)]
    versions = {read.seen for reader in readers for read in reader.reads}
    report(tried=sum(len(reader.reads) for reader in readers), lost=len(wrong), writes=len(writes))
    assert wrong == []
    assert len(versions) > 10  # they did see writes come in


@pytest.mark.parametrize(
    ("seen", "begun", "explained"),
    [
        ((1, 1), 1.5, True),
        ((2, 2), 1.5, True),
        ((1, 1), 3.5, False),
        ((1, 2), 1.5, False),
        ((3, 3), 1.5, False),
    ],
    ids=["acknowledged", "in flight", "older than an acknowledged one", "half a request", "not sent yet"],
)
def test_what_no_order_explains_is_told(seen: tuple[int, int], begun: float, explained: bool) -> None:
    """The second write is under way from 1 to 3, the third begins at 4."""
    writes = [Write(0, 1, 1, 0.0, 0.5), Write(0, 2, 3, 1.0, 3.0), Write(0, 3, 5, 4.0, 5.0)]

    assert (unexplained([Read(0, seen, begun, begun + 0.1)], writes) == []) == explained
