"""CSV (RFC 4180) and TSV, with a header line, UTF-8."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import IO

from engine.errors import DataError
from index_builder.sources.files import Source, open_bytes
from index_builder.sources.json_lines import MAX_LINE_BYTES
from index_builder.sources.rows import BadRow, Problem, RawRow, excerpt

MAX_RECORD_LINES = 500
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_UNDECODABLE = re.compile("[\udc80-\udcff]")

Record = tuple[int, list[str] | BadRow]


def read_csv(source: Source) -> Iterator[RawRow | BadRow]:
    """Comma, or semicolon where the header has no comma. Quoted cells may span up to 500 lines."""
    with open_bytes(source) as stream:
        yield from _rows(source, _csv_records(source, _Lines(stream)))


def read_tsv(source: Source) -> Iterator[RawRow | BadRow]:
    """One line is one record; a cell wholly in quotes is unquoted, other quotes are plain characters."""
    with open_bytes(source) as stream:
        yield from _rows(source, _tsv_records(_Lines(stream)))


class _Lines(Iterator[str]):
    """Physical lines of a file that can be put back, so that one stray quote costs one line, not many.

    Bytes that are not UTF-8 are smuggled through as lone surrogates, to be found again per record.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._returned: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 1
        """Of the line that comes next."""

    def __next__(self) -> str:
        if len(self._taken) >= MAX_RECORD_LINES:
            raise csv.Error("a record of too many lines")
        line = self._returned.popleft() if self._returned else self._read()
        if not line:
            raise StopIteration
        self._taken.append(line)
        self.number += 1
        return line

    def _read(self) -> str:
        text = self._stream.readline(MAX_LINE_BYTES).decode("utf-8", errors="surrogateescape")
        return text.removeprefix("\ufeff") if self.number == 1 else text

    def start_record(self) -> int:
        self._taken.clear()
        return self.number

    def keep(self, count: int) -> str:
        """Put back the record's lines from the `count`-th on; what is kept comes back as one text."""
        for line in reversed(self._taken[count:]):
            self._returned.appendleft(line)
            self.number -= 1
        del self._taken[count:]
        return "".join(self._taken)

    @property
    def spanned(self) -> int:
        return len(self._taken)


def _csv_records(source: Source, lines: _Lines) -> Iterator[Record]:
    header = next(lines, "")
    lines.keep(0)
    delimiter = ";" if "," not in header and ";" in header else ","
    width = 0
    while True:
        number = lines.start_record()
        try:
            cells = next(csv.reader(lines, delimiter=delimiter, strict=True), None)
        except csv.Error:
            yield number, _broken_quoting(source, number, lines)
            continue
        if cells is None:
            return
        width = width or len(cells)
        if lines.spanned > 1 and len(cells) != width:
            yield number, _broken_quoting(source, number, lines)
        else:
            yield number, cells


def _broken_quoting(source: Source, number: int, lines: _Lines) -> BadRow:
    shown = excerpt(lines.keep(1).rstrip("\r\n"))
    return BadRow(source.path, number, Problem.BAD_CSV, "a quote is not closed before its separator", shown)


def _tsv_records(lines: _Lines) -> Iterator[Record]:
    while True:
        number = lines.start_record()
        line = next(lines, None)
        if line is None:
            return
        yield number, [_unquoted(cell) for cell in line.rstrip("\r\n").split("\t")]


def _unquoted(cell: str) -> str:
    quoted = _QUOTED.fullmatch(cell)
    return quoted.group(1).replace('""', '"') if quoted else cell


def _rows(source: Source, records: Iterator[Record]) -> Iterator[RawRow | BadRow]:
    written = ((number, cells) for number, cells in records if not _blank(cells))
    header = next(written, None)
    if header is None:
        return
    names = _names(source, *header)
    for number, cells in written:
        yield cells if isinstance(cells, BadRow) else _row(source, number, names, cells)


def _blank(cells: list[str] | BadRow) -> bool:
    return not isinstance(cells, BadRow) and (not cells or (len(cells) == 1 and not cells[0].strip()))


def _names(source: Source, number: int, cells: list[str] | BadRow) -> list[str]:
    if isinstance(cells, BadRow):
        raise DataError(source.path, f"the header cannot be read: {cells.reason}.", line=number)
    if any(_UNDECODABLE.search(cell) for cell in cells):
        raise DataError(source.path, "the header is not UTF-8. Save the file as UTF-8.", line=number)
    names = [cell.strip() for cell in cells]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise DataError(source.path, f"two columns are called {repeated[0]!r}. Rename one.", line=number)
    return names


def _row(source: Source, number: int, names: list[str], cells: list[str]) -> RawRow | BadRow:
    if any(_UNDECODABLE.search(cell) for cell in cells):
        return BadRow(source.path, number, Problem.BAD_ENCODING, "the row is not UTF-8", excerpt(cells))
    if len(cells) != len(names):
        reason = f"the row has {len(cells)} columns, the header has {len(names)}"
        return BadRow(source.path, number, Problem.COLUMN_COUNT, reason, excerpt(cells))
    values = {name: cell for name, cell in zip(names, cells, strict=True) if name}
    return RawRow(source.path, number, values, typed=False)
