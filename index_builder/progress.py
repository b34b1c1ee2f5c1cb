"""What a build shows a person while it runs: step, rate, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

Advance = Callable[[int, int], None]
"""Called with (done, total) as a step goes on; total 0 = unknown."""


def counted(advance: Advance) -> Callable[[int], None]:
    """Takes how many more are done, of a number unknown."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        advance(done, 0)

    return add


class Progress(Protocol):
    """`seconds` holds the wall time of each finished step by its name."""

    seconds: dict[str, float]

    def step(self, name: str) -> AbstractContextManager[Advance]: ...


class ConsoleProgress:
    """A bar where there is a terminal; in a log, one line when a step ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[Advance]:
        start = perf_counter()
        done = 0
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Bar(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        ) as bar:
            task = bar.add_task(name, total=None, rate="")

            def advance(now: int, total: int) -> None:
                nonlocal done
                done = now
                rate = now / max(perf_counter() - start, 1e-9)
                bar.update(task, completed=now, total=total or None, rate=f"{rate:,.0f}/s")

            yield advance
        self.seconds[name] = perf_counter() - start
        count = f"{done:>9,}" if done else " " * 9
        rate = f"{done / self.seconds[name]:>10,.0f}/s" if done else ""
        self._console.print(f"{name:<28}{count}{self.seconds[name]:>9.1f} s{rate}", highlight=False)


class SilentProgress:
    """For library use and tests."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[Advance]:
        start = perf_counter()
        yield lambda _done, _total: None
        self.seconds[name] = perf_counter() - start
