"""Whose turn it is, among processes; another one is stood for by another handle of the same file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from engine.backends.file_turn import FileTurn
from engine.errors import OverloadedError

HOLD = """
import sys
from pathlib import Path
from engine.backends.file_turn import FileTurn
with FileTurn(Path(sys.argv[1])).taken():
    print("taken", flush=True)
    sys.stdin.read()
"""


def test_a_turn_within_a_turn_is_the_same_one(tmp_path: Path) -> None:
    turns = FileTurn(tmp_path / "turn")
    with turns.taken() as first:
        with turns.taken() as second:
            assert (first, second) == (True, False)
        with pytest.raises(OverloadedError), FileTurn(tmp_path / "turn", patience=0.01).taken():
            pass
    with FileTurn(tmp_path / "turn", patience=0.01).taken() as free:
        assert free


def test_who_waits_gets_the_turn_when_it_ends(tmp_path: Path) -> None:
    order = []

    def wait() -> None:
        with FileTurn(tmp_path / "turn").taken():
            order.append("second")

    with FileTurn(tmp_path / "turn").taken():
        waiting = Thread(target=wait)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join(10)

    assert order == ["first", "second"]


def test_the_turn_of_a_process_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        with (
            pytest.raises(OverloadedError, match="Another process has had"),
            FileTurn(path, patience=0.02).taken(),
        ):
            pass
        process.kill()
        process.wait()

        with FileTurn(path, patience=0.02).taken() as free:
            assert free


def test_a_turn_in_which_it_is_closed_ends(tmp_path: Path) -> None:
    turns = FileTurn(tmp_path / "turn")
    with turns.taken():
        turns.close()

        with FileTurn(tmp_path / "turn", patience=0.01).taken() as free:
            assert free
