"""Files that change while a server runs."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.logs import configure_logs
from engine.security.reload import Reloaded, Reloader
from tests.quiet_logs import logs_as_they_were

__all__ = ["logs_as_they_were"]

WAIT = 10.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "number"
    path.write_text("1")
    return path


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    return stream


def events(log: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def reloaded(path: Path) -> Reloaded[int]:
    def load() -> int:
        try:
            return int(path.read_text())
        except (OSError, ValueError):
            raise ConfigError(f"{path} is no number.") from None

    return Reloaded([path], load)


def test_a_file_that_cannot_be_read_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no number"):
        reloaded(tmp_path / "nothing")


def test_a_change_is_read_when_the_file_has_come_to_rest(path: Path, log: io.StringIO) -> None:
    number = reloaded(path)

    path.write_text("22")
    number.refresh()
    assert number.value == 1  # it may be half written
    number.refresh()

    assert number.value == 22
    assert events(log) == ["file reloaded"]


def test_what_did_not_change_is_not_read_again(path: Path, log: io.StringIO) -> None:
    number = reloaded(path)

    for _ in range(5):
        number.refresh()

    assert events(log) == []


@pytest.mark.parametrize("break_it", [lambda path: path.write_text("one"), lambda path: path.unlink()])
def test_a_broken_file_keeps_the_old_value_says_so_once_and_can_be_mended(
    path: Path, log: io.StringIO, break_it: object
) -> None:
    number = reloaded(path)

    assert callable(break_it)
    break_it(path)
    for _ in range(5):
        number.refresh()
    assert number.value == 1
    assert events(log) == ["file not reloaded"]
    assert "is no number" in log.getvalue()

    path.write_text("333")
    number.refresh()
    number.refresh()
    assert number.value == 333


def test_the_thread_lives_on_whatever_a_file_does_to_its_reader(path: Path, log: io.StringIO) -> None:
    good = reloaded(path)
    calls = []

    def load() -> int:
        calls.append(path.read_text())
        if len(calls) > 1:
            raise ZeroDivisionError
        return 0

    bad = Reloaded([path], load)
    reloader = Reloader([bad, good])
    path.write_text("4444")
    until = time.monotonic() + WAIT
    while good.value != 4444:
        assert time.monotonic() < until
        time.sleep(0.01)
    reloader.close()

    assert not reloader.is_alive()
    assert len(calls) == 2
