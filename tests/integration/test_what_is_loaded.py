"""What a server that starts does beside serving: nothing."""

from __future__ import annotations

import os
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

folder = Path(sys.argv[1])
open_engine(folder, ServeSettings(data=folder, threads=2)).close()
needless = {"torch", "transformers", "pandas", "scipy", "sklearn", "networkx", "opentelemetry"}
print(*sorted(needless & set(sys.modules)))
"""


def test_it_imports_nothing_needless_and_writes_down_nothing_to_tell_others(
    small_data: Path, tmp_path: Path
) -> None:
    """Each of those imports takes half a second or more. What onnxruntime would send to its maker lies in a
    database below the cache folder of the user.
    """
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}

    finished = subprocess.run(
        [sys.executable, "-c", OPEN, str(small_data)],
        env=home,
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
    )

    assert finished.stdout == "\n"
    assert [path.name for path in tmp_path.rglob("*onnxruntime*")] == []
