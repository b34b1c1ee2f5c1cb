"""What a build tells a person while it runs."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from index_builder.progress import ConsoleProgress, counted


def test_counted_adds_up_what_it_is_told() -> None:
    told: list[tuple[int, int]] = []
    add = counted(lambda done, total: told.append((done, total)))

    for more in (3, 0, 4):
        add(more)

    assert told == [(3, 0), (3, 0), (7, 0)]


def test_in_a_log_a_step_is_one_line_when_it_ends() -> None:
    written = StringIO()
    progress = ConsoleProgress(Console(file=written, width=100))

    with progress.step("read") as advance:
        advance(10, 20)
        advance(1_000, 1_000)

    [line] = written.getvalue().splitlines()
    assert line.split()[:2] == ["read", "1,000"]
    assert set(progress.seconds) == {"read"}
