"""Structured logs: one JSON object a line, or readable lines on a terminal. Configured here alone."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TextIO, cast

import structlog

_LEVELS = logging.getLevelNamesMapping()
_tracebacks = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
"""Values of variables stay out of the log: a shopper's words, keys, whole products."""


def configure_logs(level: str, style: str, stream: TextIO) -> None:
    """`level` is a name of `logging` in any case; `style` is "json", "console" or "auto" (by the stream).

    Libraries that log through `logging` come out the same way, from warnings up.
    """
    console = style == "console" or (style == "auto" and stream.isatty())
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if console
        else [_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unbreakable(stream))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)


@contextmanager
def written_behind(stream: TextIO) -> Iterator[TextIO]:
    """`stream`, to which a busy server's lines go in bundles; all of them are written at the end."""
    behind = _Behind(stream)
    try:
        yield cast("TextIO", behind)
    finally:
        behind.close()


class _Behind:
    """The first line in a while is written at once, those that follow it by a thread, every `PAUSE` seconds.

    A write gives the interpreter away, and under load it takes long to get it back: with a line for each call
    a server answered a quarter fewer. A process that is killed loses the lines of its last moments.
    """

    PAUSE = 0.05

    def __init__(self, stream: TextIO) -> None:
        self._stream = _Unbreakable(stream)
        self.isatty = stream.isatty
        self._waiting: deque[str] = deque()
        self._writing = threading.Lock()
        self._next = 0.0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        self._waiting.append(text)
        if monotonic() >= self._next or self._closed.is_set():
            self._drain()
        return len(text)

    def flush(self) -> None:
        """What waits is written in time."""

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._drain()

    def _run(self) -> None:
        while not self._closed.wait(self.PAUSE):
            if self._waiting:
                self._drain()

    def _drain(self) -> None:
        with self._writing:
            self._next = monotonic() + self.PAUSE
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if lines:
                self._stream.write("".join(lines))
                self._stream.flush()


class _Unbreakable:
    """A stream whose reader may go away: a call must not fail because its log line cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: the stream was closed
            return self._stream.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class _Forward(logging.Handler):
    """Hands records of `logging` to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )
