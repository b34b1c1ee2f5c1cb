"""Where the log goes on after what a generation holds, and what it may forget."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.backends.change_log import ChangeReader
from engine.backends.product_log import ProductLog
from engine.errors import CompactedError, DamagedChangeLogError, ForgottenChangesError, InvalidArgumentError
from engine.types import FoldedChanges, Product, ProductId
from engine.written_changes import WrittenChange, WrittenRequest


def write(log: ProductLog, *ids: str, title: str = "x") -> None:
    changes = [WrittenChange(0, each, Product(ProductId(each), title), None, "") for each in ids]
    log.commit([WrittenRequest("", b"", changes)])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ProductLog]:
    """Five changes of four products."""
    opened = ProductLog(tmp_path / "live")
    write(opened, "a", "b", "c")
    write(opened, "a", "d", title="y")
    yield opened
    opened.close()


def folded(log: ProductLog, sequence: int) -> FoldedChanges:
    found = log.upto(sequence)
    assert found is not None
    return found


def latest(log: ProductLog, after: int) -> list[tuple[int, str]]:
    return [(change.sequence, change.product_id) for change in log.latest(after)]


def test_what_a_generation_holds_is_not_laid_over_it_again(log: ProductLog) -> None:
    start = log.start_of(folded(log, 3))

    assert start == 3
    assert latest(log, start) == [(4, "a"), (5, "d")]


def test_a_generation_without_changes_needs_all(log: ProductLog) -> None:
    assert log.start_of(FoldedChanges()) == 0
    assert latest(log, 0) == [(2, "b"), (3, "c"), (4, "a"), (5, "d")]


def test_another_process_reads_the_same_while_this_one_writes(log: ProductLog, tmp_path: Path) -> None:
    other = ProductLog(tmp_path / "live")

    assert folded(other, 5) == folded(log, 5)
    assert other.start_of(folded(log, 4)) == 4
    assert latest(other, 4) == [(5, "d")]
    assert (log.writing, other.writing) == (True, False)


def test_without_a_log_there_is_nothing_to_lay_over(tmp_path: Path) -> None:
    absent = ProductLog(tmp_path / "none")

    assert absent.upto(3) is None
    assert absent.start_of(FoldedChanges(3, "log", "lineage")) == 0
    assert latest(absent, 0) == []


def test_a_sequence_that_the_log_has_not_reached_is_refused(log: ProductLog) -> None:
    with pytest.raises(InvalidArgumentError, match="last change of the log is 5"):
        log.upto(6)


def test_a_log_that_ends_before_what_a_generation_holds_of_it_has_lost_something(log: ProductLog) -> None:
    with pytest.raises(DamagedChangeLogError, match=r"ends with change 5, .* up to 6"):
        log.start_of(replace(folded(log, 5), sequence=6))


def test_of_a_restored_log_all_that_it_keeps_is_laid_over(log: ProductLog, tmp_path: Path) -> None:
    """Its numbers may be those of other changes by now; saying a change again does no harm."""
    held = folded(log, 4)
    reader = ChangeReader.open_to_read(tmp_path / "live")
    reader.back_up(tmp_path / "restored" / "live")
    reader.close()

    restored = ProductLog(tmp_path / "restored" / "live")

    assert restored.start_of(held) == 0
    assert restored.start_of(replace(held, sequence=9)) == 0


def test_of_a_log_that_was_made_anew_all_is_laid_over(log: ProductLog, tmp_path: Path) -> None:
    held = folded(log, 4)
    log.close()
    shutil.rmtree(tmp_path / "live")
    anew = ProductLog(tmp_path / "live")
    write(anew, "z")

    assert anew.start_of(held) == 0
    assert latest(anew, 0) == [(1, "z")]
    anew.close()


def test_it_forgets_what_all_generations_hold_and_no_more(log: ProductLog) -> None:
    assert log.forget([folded(log, 5), folded(log, 3)], 1_000) == 3

    assert log.start_of(folded(log, 3)) == 3
    assert latest(log, 3) == [(4, "a"), (5, "d")]
    for lacking in (FoldedChanges(), folded(log, 2), replace(folded(log, 4), log="other")):
        with pytest.raises(ForgottenChangesError, match="keeps only those after 3"):
            log.start_of(lacking)
    with pytest.raises(CompactedError):
        latest(log, 2)


def test_it_forgets_a_few_at_a_time(log: ProductLog) -> None:
    generations = [folded(log, 5)]

    assert [log.forget(generations, 2) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize("needs_all", [FoldedChanges(), FoldedChanges(5, "other", "other")])
def test_it_forgets_nothing_that_a_generation_without_it_would_need(
    log: ProductLog, needs_all: FoldedChanges
) -> None:
    assert log.forget([folded(log, 5), needs_all], 1_000) == 0


def test_it_forgets_nothing_for_generations_that_are_not_there(log: ProductLog) -> None:
    assert log.forget([], 1_000) == 0


def test_a_generation_that_can_not_be_served_any_more_keeps_nothing(log: ProductLog) -> None:
    log.forget([folded(log, 3)], 1_000)

    assert log.forget([FoldedChanges(), folded(log, 5)], 1_000) == 2


def test_who_does_not_write_forgets_nothing(log: ProductLog, tmp_path: Path) -> None:
    assert ProductLog(tmp_path / "live").forget([folded(log, 5)], 1_000) == 0
