"""How much the log of a data folder keeps, for whoever watches it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from engine.backends.product_log import ProductLog
from engine.types import Product, ProductId
from engine.written_changes import WrittenChange, WrittenRequest


def written(count: int) -> WrittenRequest:
    changes = [
        WrittenChange(0, f"p{number}", Product(ProductId(f"p{number}"), "Ink " * 200), None, "")
        for number in range(count)
    ]
    return WrittenRequest("", b"", changes)


def test_without_a_log_it_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    with closing(ProductLog(tmp_path / "live")) as log:
        assert log.size_bytes == 0
    assert not (tmp_path / "live").exists()


def test_it_grows_with_the_changes_and_is_the_same_for_who_only_reads(tmp_path: Path) -> None:
    with closing(ProductLog(tmp_path / "live")) as log:
        log.commit([written(1)])
        before = log.size_bytes
        log.commit([written(100)])
        grown = log.size_bytes
        reader = ProductLog(tmp_path / "live")
        assert reader.size_bytes == grown

    assert before > 0
    assert grown - before >= 100 * 800  # 800 characters in each of 100 titles
    with closing(ProductLog(tmp_path / "live")) as closed:
        assert closed.size_bytes == grown
