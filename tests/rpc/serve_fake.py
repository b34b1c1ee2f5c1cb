"""`python -m tests.rpc.serve_fake SERVE-FLAGS`: the real `serve` command with a FakeEngine.

The environment variable FAKE_LOAD says how loading goes: seconds, or "fail". A query "wait" lasts a second.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from engine.commands.flags import add_flags, given_flags
from engine.commands.serve import serve
from engine.commands.settings import read_settings
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.errors import ConfigError, EngineError
from engine.request import SearchRequest
from engine.watch import Watch
from tests.rpc.fake_engine import FakeEngine


def slow(request: SearchRequest, deadline: Deadline) -> None:
    end = time.monotonic() + (1.0 if request.query == "wait" else 0.0)
    while time.monotonic() < end:
        deadline.check()
        time.sleep(0.01)


def load(_folder: Path, _settings: ServeSettings, watch: Watch) -> FakeEngine:
    how = os.environ.get("FAKE_LOAD", "0")
    if how == "fail":
        raise ConfigError("No generation is active.")
    time.sleep(float(how))
    watch.on_batch("encoder", 4, 0.01)
    watch.on_lookup("results", "hit")
    return FakeEngine(before=slow)


def main() -> int:
    parser = argparse.ArgumentParser()
    add_flags(parser, ServeSettings)
    settings = read_settings(ServeSettings, given_flags(parser.parse_args(), ServeSettings))
    try:
        return serve(settings, load)
    except EngineError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
