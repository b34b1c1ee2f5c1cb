"""A process that is killed while the change log forgets: every generation still finds all that it needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.backends.product_log import ProductLog
from engine.generation import LIVE, DataFolder
from engine.manifest import Manifest, folded_parameters
from engine.types import FoldedChanges, Product, ProductId
from engine.written_changes import WrittenChange, WrittenRequest
from index_builder.publish import Summary, publish, seal
from tests.fault.dying import DIED, End, Lives, lives_of
from tests.unit.test_generation import write_parts

CHANGES, PRODUCTS = 60, 9
HELD = (25, 40)
"""By the two generations that are there; the older one decides what may be forgotten."""


@dataclass(frozen=True)
class Shop:
    data: Path
    lives: Lives

    def compact(self, last: int) -> End:
        return self.lives.end(self.data, self.data / LIVE, last)

    def examine(self) -> int:
        """Every generation, laid under what the log still has, gives the products as they are; what was
        forgotten comes back.
        """
        log = ProductLog(self.data / LIVE)
        for manifest in DataFolder(self.data).manifests():
            assert products(log, manifest) == newest(CHANGES)
        reader = log._writer()  # reads and checks the whole log
        compacted = reader.compacted
        assert compacted <= HELD[0]
        log.close()
        return compacted


def statements_of(finished: End) -> int:
    """What it says last, after its log."""
    assert finished.code == 0
    return int(finished.told[-1])


def newest(sequence: int) -> dict[str, str]:
    """Products after so many changes: which change wrote each."""
    return {f"p{each % PRODUCTS}": str(each) for each in range(1, sequence + 1)}


def products(log: ProductLog, manifest: Manifest) -> dict[str, str]:
    found = newest(manifest.folded.sequence)
    for change in log.latest(log.start_of(manifest.folded)):
        assert change.product is not None
        found[change.product_id] = change.product.title
    return found


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with lives_of("tests.fault.dying_compaction") as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path, lives: Lives) -> Shop:
    log = ProductLog(tmp_path / LIVE)
    for number in range(1, CHANGES + 1):
        product_id = f"p{number % PRODUCTS}"
        change = WrittenChange(0, product_id, Product(ProductId(product_id), str(number)), None, "")
        log.commit([WrittenRequest("", b"", [change])])
    for sequence in HELD:
        held = log.upto(sequence)
        publish_holding(tmp_path, held or FoldedChanges())
    log.close()
    return Shop(tmp_path, lives)


def publish_holding(data: Path, held: FoldedChanges) -> None:
    work = write_parts(data / "building" / str(held.sequence))
    seal(work, Summary("0.1", 4, 3, 2, 10, 0.97, folded_parameters(held), {}, {}))
    publish(work, data, activate=True)


def test_a_compaction_that_is_not_killed_forgets_what_both_generations_hold(shop: Shop) -> None:
    assert statements_of(shop.compact(10_000)) > 20
    assert shop.examine() == HELD[0]


def test_whenever_it_is_killed_every_generation_has_its_changes(shop: Shop) -> None:
    """Before a statement, or at a write of the mark; the next one is let live, and ends what was begun."""
    extents = []
    statements = statements_of(shop_copy(shop, "counted").compact(10_000))
    deaths = [*np.linspace(0, statements - 1, 8).astype(int).tolist(), -1, -2, -3]
    for number, last in enumerate(deaths):
        copy = shop_copy(shop, f"copy-{number}")
        killed = copy.compact(last)
        assert killed.code == DIED, last
        extents.append(copy.examine())
        statements_of(copy.compact(10_000))
        assert copy.examine() == HELD[0]

    assert min(extents) == 0
    assert 0 < sorted(set(extents))[len(set(extents)) // 2] < HELD[0]  # some died half-way


def shop_copy(shop: Shop, name: str) -> Shop:
    target = shop.data.with_name(f"{shop.data.name}-{name}")
    shutil.copytree(shop.data, target)
    return Shop(target, shop.lives)
