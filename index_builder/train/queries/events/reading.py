"""Events files into one table, bad rows set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import ConfigError
from index_builder.quality.catalogue import DEFAULT_MAX_BAD_SHARE, TooManyBadRowsError
from index_builder.quality.verdicts import RejectedRowError
from index_builder.sources.readers import read_rows
from index_builder.sources.rows import BadRow, Problem, QuarantinedRow, RawRow
from index_builder.train.queries.events.cells import read_event
from index_builder.train.queries.events.recorded import read_recorded
from index_builder.train.queries.events.table import EventTable, EventTableBuilder

_EXAMPLES = 3
_KEPT = 1_000
"""Bad rows that are kept in memory; all are counted, and `on_bad_row` is told of all."""


@dataclass(frozen=True, slots=True)
class EventsRead:
    """`bad` are the first thousand bad rows, `bad_counts` counts all."""

    table: EventTable
    row_count: int
    bad: tuple[QuarantinedRow, ...]
    bad_counts: dict[Problem, int]


def read_events(
    paths: Sequence[Path],
    *,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    on_bad_row: Callable[[QuarantinedRow], None] | None = None,
) -> EventsRead:
    """Read JSONL, CSV, TSV or Parquet files, gzipped or not, and what servers of a data folder recorded, as
    one log.

    Columns are found by their usual names (`cells.py`). Raises ConfigError without a path, DataError for a
    file that cannot be read or lacks columns, and TooManyBadRowsError, a DataError, for one of whose rows
    more than `max_bad_share` are bad, or none is good.
    """
    if not paths:
        raise ConfigError("No events file is given; name at least one after --events.")
    builder = EventTableBuilder()
    row_count, counts = 0, Counter[Problem]()
    bad: list[QuarantinedRow] = []
    for path in paths:
        if path.is_dir():
            row_count += read_recorded(path, builder)
            continue
        reading = _FileReading(path)
        reading.read(builder, on_bad_row)
        reading.check(max_bad_share)
        row_count += reading.row_count
        bad += reading.bad[: _KEPT - len(bad)]
        counts += reading.counts
    return EventsRead(builder.build(), row_count, tuple(bad), dict(sorted(counts.items())))


@dataclass(slots=True)
class _FileReading:
    path: Path
    row_count: int = 0
    bad: list[QuarantinedRow] = field(default_factory=list)
    counts: Counter[Problem] = field(default_factory=Counter)
    first: dict[Problem, QuarantinedRow] = field(default_factory=dict)

    def read(self, builder: EventTableBuilder, on_bad_row: Callable[[QuarantinedRow], None] | None) -> None:
        for row in read_rows(self.path):
            self.row_count += 1
            try:
                _add(row, builder)
            except RejectedRowError as rejected:
                quarantined = _quarantined(row, rejected)
                self.counts[quarantined.code] += 1
                self.first.setdefault(quarantined.code, quarantined)
                if len(self.bad) < _KEPT:
                    self.bad.append(quarantined)
                if on_bad_row:
                    on_bad_row(quarantined)

    def check(self, max_bad_share: float) -> None:
        count = self.counts.total()
        if count <= max_bad_share * self.row_count and count < self.row_count:
            return
        common = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:_EXAMPLES]
        reasons = "; ".join(
            f"{number:,} x {code} (line {self.first[code].line}: {self.first[code].reason})"
            for code, number in common
        )
        problem = (
            f"{count:,} of {self.row_count:,} events are bad ({max_bad_share:.1%} are accepted): {reasons}."
        )
        raise TooManyBadRowsError(self.path, problem, tuple(self.bad))


def _add(row: RawRow | BadRow, builder: EventTableBuilder) -> None:
    if isinstance(row, BadRow):
        raise RejectedRowError(row.code, row.reason)
    builder.add(read_event(row))


def _quarantined(row: RawRow | BadRow, rejected: RejectedRowError) -> QuarantinedRow:
    if isinstance(row, BadRow):
        return QuarantinedRow.unread(row)
    return QuarantinedRow.rejected(row, rejected.code, rejected.reason)
