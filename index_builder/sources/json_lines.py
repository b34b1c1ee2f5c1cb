"""JSON Lines: one object per line, UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

from index_builder.sources.files import Source, open_bytes
from index_builder.sources.rows import BadRow, Problem, RawRow, excerpt

MAX_LINE_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


def read_json_lines(source: Source) -> Iterator[RawRow | BadRow]:
    """Blank lines are skipped; a line above 8 MiB is set aside unread."""
    with open_bytes(source) as stream:
        for number, line in _lines(stream):
            content = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
            if content:
                yield _row(source, number, content)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        yield number, line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES + 1)


def _row(source: Source, number: int, content: bytes) -> RawRow | BadRow:
    if len(content) > MAX_LINE_BYTES:
        return _bad(source, number, content, Problem.LINE_TOO_LONG, "the line is longer than 8 MiB")
    try:
        value = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        return _bad(source, number, content, Problem.BAD_ENCODING, f"byte {error.start + 1} is not UTF-8")
    except json.JSONDecodeError as error:
        return _bad(source, number, content, Problem.BAD_JSON, f"{error.msg} at character {error.colno}")
    except ValueError as error:  # an integer of thousands of digits
        return _bad(source, number, content, Problem.BAD_JSON, str(error).partition(";")[0])
    except RecursionError:
        return _bad(source, number, content, Problem.BAD_JSON, "the values are nested too deeply")
    if not isinstance(value, dict):
        return _bad(
            source, number, content, Problem.NOT_AN_OBJECT, "the line is JSON, but not an object {...}"
        )
    return RawRow(source.path, number, value, typed=True)


def _bad(source: Source, number: int, content: bytes, code: Problem, reason: str) -> BadRow:
    shown = excerpt(content[:2000].decode("utf-8", errors="replace"))
    return BadRow(source.path, number, code, reason, shown)
