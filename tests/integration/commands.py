"""Commands as a user types them, and what a mistake must look like."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

WAIT = 120.0
"""Seconds that a command gets on a busy machine."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def sentence(self) -> str:
        """What went wrong: one line on stderr, nothing on stdout, no traceback, a status that is not 0."""
        assert self.code not in (0, None)
        assert "Traceback" not in self.out + self.err
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.endswith((".", "?"))
        return line


def typed(program: str, *arguments: str, **variables: str) -> Outcome:
    """`python -m PROGRAM ARGUMENTS`; of CARTOGRAPH_* variables it sees only those given here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CARTOGRAPH_")}
    finished = subprocess.run(
        [sys.executable, "-m", program, *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
        env={**inherited, "COLUMNS": "100", **variables},
    )
    return Outcome(finished.returncode, finished.stdout, finished.stderr)
