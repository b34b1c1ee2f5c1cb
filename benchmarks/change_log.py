"""How many changes a second become durable, beside what the disk allows?

Batches of changes with made-up vectors and records go into a fresh log: `single` commits one request at a
time, `group` so many requests in one transaction, as a server does with those that arrived meanwhile. `raw`
writes as many bytes as one request to the end of a file and flushes it: the least that durability costs here.
`mark` is the second flush of a commit, that of the file which tells a loss (see engine/backends/change_mark).
Rounds of all of them alternate. Then the whole log is read in order, streamed as the last change of every
product, checked, backed up, and opened again as after a crash. Every change that was committed must be read
again as it was, or there is no result. Written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

import numpy as np
from rich.table import Table

from benchmarks.judged import keep_result, show_result
from benchmarks.machine import machine
from engine.backends.change import LoggedRequest, NewChange
from engine.backends.change_log import ChangeLog
from engine.backends.change_log_schema import MARK
from engine.backends.change_mark import MarkWriter, read_mark

TARGET = 2_000
"""Changes a second, in batches of 100."""
_ENCODER = "0" * 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Writes:
    """Of one way of writing: changes a second over all rounds, milliseconds of one write."""

    way: str
    changes_per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Reads:
    """Seconds for all changes of the log."""

    changes: int
    size_mib: float
    since: float
    latest: float
    check: float
    back_up: float
    open_again: float


def made_up_requests(
    count: int, batch: int, dimension: int, record_bytes: int, seed: int
) -> list[LoggedRequest]:
    """Each product comes up twice, in another order."""
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((count * batch, dimension), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    half = count * batch // 2
    products = np.concatenate([chance.permutation(half), chance.permutation(count * batch - half)])
    changes = [
        NewChange(f"product-{product}", bytes(chance.bytes(record_bytes)), vector, _ENCODER)
        for product, vector in zip(products.tolist(), vectors, strict=True)
    ]
    return [
        LoggedRequest(f"request-{number}", b"done", changes[number * batch : (number + 1) * batch])
        for number in range(count)
    ]


class Ways:
    """What is timed, over one log and two files that are only written to."""

    def __init__(self, folder: Path, log: ChangeLog, request_bytes: int) -> None:
        self._log, self._payload = log, os.urandom(request_bytes)
        self._raw = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        ChangeLog.open(folder / "other").close()
        self._mark = MarkWriter(folder / "other" / MARK, read_mark(folder / "other" / MARK))

    def commit(self, requests: Sequence[LoggedRequest]) -> None:
        self._log.commit(requests)

    def raw(self, _requests: Sequence[LoggedRequest]) -> None:
        os.write(self._raw, self._payload)
        os.fsync(self._raw)

    def mark(self, _requests: Sequence[LoggedRequest]) -> None:
        self._mark.write(self._mark.mark.extent)

    def close(self) -> None:
        os.close(self._raw)
        self._mark.close()


def time_writes(ways: Ways, requests: Sequence[LoggedRequest], group: int) -> list[Writes]:
    """`single` and `group` take turns over the requests, so that noise of the machine hits both."""
    rounds = [requests[start : start + group] for start in range(0, len(requests), group)]
    times: dict[str, list[float]] = {"single": [], "group": [], "raw": [], "mark": []}
    changes = dict.fromkeys(times, 0)

    def timed(
        way: str, write: Callable[[Sequence[LoggedRequest]], None], given: Sequence[LoggedRequest]
    ) -> None:
        start = perf_counter()
        write(given)
        times[way].append(perf_counter() - start)
        changes[way] += sum(len(request.changes) for request in given)

    for number, given in enumerate(rounds):
        if number % 2:
            timed("group", ways.commit, given)
            continue
        for request in given:
            timed("single", ways.commit, [request])
            timed("raw", ways.raw, [request])
            timed("mark", ways.mark, [request])
    return [_writes(way, changes[way], taken) for way, taken in times.items()]


def _writes(way: str, changes: int, times: Sequence[float]) -> Writes:
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    return Writes(way, round(changes / sum(times), 1), round(float(p50), 3), round(float(p99), 3))


def time_reads(log: ChangeLog, folder: Path, requests: Sequence[LoggedRequest]) -> Reads:
    """Closes the log. ValueError when what is read is not what was committed."""
    given = [change for request in requests for change in request.changes]
    since, changes = _timed(lambda: log.since(0, len(given)))
    latest, last = _timed(lambda: list(log.latest()))
    if [(change.product_id, change.record) for change in changes] != [
        (change.product_id, change.record) for change in given
    ] or {change.product_id: change.record for change in last} != {
        change.product_id: change.record for change in given
    }:
        raise ValueError("the log does not hold what was committed")
    check, _ = _timed(log.check)
    back_up, _ = _timed(lambda: log.back_up(folder / "backup"))
    size = log.size_bytes / 2**20
    shutil.copytree(folder / "live", folder / "crashed", ignore=shutil.ignore_patterns("*-shm", ".*"))
    log.close()
    opened, again = _timed(lambda: ChangeLog.open(folder / "crashed"))
    again.close()
    return Reads(
        len(given), round(size, 1), *(round(each, 3) for each in (since, latest, check, back_up, opened))
    )


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = perf_counter()
    done = work()
    return perf_counter() - start, done


def main() -> None:
    given = _parse()
    requests = made_up_requests(given.requests, given.batch, given.dimension, given.record_bytes, given.seed)
    request_bytes = given.batch * (given.record_bytes + 4 * given.dimension)
    with TemporaryDirectory(prefix="cartograph-change-log-", dir=given.folder) as scratch:
        folder = Path(scratch)
        log = ChangeLog.open(folder / "live")
        ways = Ways(folder, log, request_bytes)
        writes = time_writes(ways, requests, given.group)
        ways.close()
        reads = time_reads(log, folder, requests)
    content = {
        "requests": given.requests,
        "batch": given.batch,
        "group": given.group,
        "dimension": given.dimension,
        "record_bytes": given.record_bytes,
        "target": TARGET,
        "writes": [asdict(each) for each in writes],
        "reads": asdict(reads),
        "machine": machine(),
    }
    keep_result("change-log", given.name, content)
    show_result(content, _writes_table(writes, given), _reads_table(reads), as_json=given.json)


def _writes_table(writes: Sequence[Writes], given: argparse.Namespace) -> Table:
    shown = Table(title=f"requests of {given.batch} changes, {given.group} in a group")
    for column in ("way", "changes/s", "p50 ms", "p99 ms"):
        shown.add_column(column, justify="left" if column == "way" else "right")
    for each in writes:
        shown.add_row(each.way, f"{each.changes_per_second:,.0f}", f"{each.p50_ms:.2f}", f"{each.p99_ms:.2f}")
    return shown


def _reads_table(reads: Reads) -> Table:
    shown = Table(title=f"{reads.changes:,} changes, {reads.size_mib} MiB")
    for column in ("since s", "latest s", "check s", "back up s", "open again s"):
        shown.add_column(column, justify="right")
    times = (reads.since, reads.latest, reads.check, reads.back_up, reads.open_again)
    shown.add_row(*(f"{each:.3f}" for each in times))
    return shown


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.change_log", description=__doc__)
    parser.add_argument(
        "--requests", type=int, default=320, help="in all, half of them grouped (default 320)"
    )
    parser.add_argument("--batch", type=int, default=100, help="changes of a request (default 100)")
    parser.add_argument("--group", type=int, default=8, help="requests of a group commit (default 8)")
    parser.add_argument("--dimension", type=int, default=384, help="of the vectors (default 384)")
    parser.add_argument("--record-bytes", type=int, default=1_000, help="of a product (default 1000)")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the system's)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="made-up", help="name of the result file (default made-up)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return parser.parse_args()


if __name__ == "__main__":
    main()
