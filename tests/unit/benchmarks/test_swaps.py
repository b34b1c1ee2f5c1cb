"""What the benchmark of swaps counts, of a small engine behind a real socket."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.live_shop import Shop
from benchmarks.machine import begin_peak, memory_mib, peak_mib
from benchmarks.swaps import Load
from engine.deadline import Deadline
from engine.errors import NotServingError
from engine.request import SearchRequest
from tests.rpc.fake_engine import CHAIR, FakeEngine
from tests.rpc.running import running

GROWS = """
import sys
held = bytearray(80 << 20)
del held
print("grown", flush=True)
sys.stdin.read()
"""


def refuse(_request: SearchRequest, _deadline: Deadline) -> None:
    raise NotServingError("Not now.")


def test_every_caller_asks_until_it_is_over_and_failed_calls_are_counted() -> None:
    engine = FakeEngine()
    with running(engine) as server:
        load = Load(Shop(server.channel, [CHAIR], []), ["chair", "ink"], callers=2)
        with load.running():
            time.sleep(0.1)
        answered = len(load.taken)
        assert load.failed == []
        assert {request.query for request, _ in engine.asked} == {"chair", "ink"}

        engine.before = refuse
        with load.running():
            time.sleep(0.1)

    assert len(load.failed) == len(load.taken) - answered > 0
    assert set(load.failed) == {"UNAVAILABLE"}


def test_the_peak_is_counted_from_when_it_is_begun() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        before = peak_mib(process.pid)
        begin_peak(process.pid)
        after = peak_mib(process.pid)
        resident, _ = memory_mib(process.pid)
        process.kill()

    assert before - after > 70
    assert after - resident < 10
