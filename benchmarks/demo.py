"""The main job in one go: serve a data folder, ask it three queries over gRPC, stop it cleanly.

`make demo` builds the sample catalogue first. Every step is a command that a user could type.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.server import running_server

QUERIES = ("black ink for printnova 2540", "couch for small flat", "黑色无线鼠标")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with an active generation")
    data = parser.parse_args().data
    console = Console(highlight=False)
    console.print(f"$ python -m engine serve --data {data} --port 0", style="bold")
    with running_server(data) as address:
        console.print(f"serving on {address}")
        for query in QUERIES:
            arguments = ["search", query, "--target", address, "--page-size", "3", "--explain"]
            console.print(f"\n$ python -m engine {subprocess.list2cmdline(arguments)}", style="bold")
            subprocess.run([sys.executable, "-m", "engine", *arguments], check=True)
    console.print("\nstopped cleanly", style="bold")


if __name__ == "__main__":
    main()
