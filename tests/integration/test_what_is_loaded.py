"""A server that starts imports nothing that it does not need: each of these takes half a second or more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.commands import WAIT

OPEN = """
import sys
from pathlib import Path
import engine.commands.serve
from engine.bootstrap import open_engine
from engine.config import ServeSettings

open_engine(ServeSettings(data=Path(sys.argv[1]), threads=2)).close()
needless = {"torch", "transformers", "pandas", "scipy", "sklearn", "networkx", "opentelemetry"}
print(*sorted(needless & set(sys.modules)))
"""


def test_opening_a_shop_to_serve_it_imports_neither_torch_nor_pandas(small_data: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", OPEN, str(small_data)],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
    )

    assert finished.stdout == "\n"
