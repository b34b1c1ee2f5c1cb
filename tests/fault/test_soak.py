"""A server under mixed load, every fifth call of which is given up, comes to rest with what it had before.

CARTOGRAPH_FAULT_SECONDS says how long: two minutes (`make soak`), or two hours, which are the long form.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.generation import DataFolder
from tests.fault.mixed_load import GIVEN_UP, MixedLoad
from tests.fault.report import Report
from tests.fault.resources import Resources
from tests.integration.calls import activate
from tests.integration.real_server import RealServer, real_server
from tests.small_shop import active_generation, link_generation

SECONDS = float(os.environ.get("CARTOGRAPH_FAULT_SECONDS", "120"))
GENERATIONS = ("g-first", "g-second")
CALLERS = 6
WARM_UP = 0.3
"""Share of the time in which pools, caches and the allocator get what they will have."""
WINDOWS = 12
MOST_MIB_AN_HOUR = 1.0
SHORT_HOURS, SHORT_MIB = 0.5, 64.0
"""In less time a slope says little: so much more is let be, by which the allocator's holdings vary."""
SPARE_FILES, SPARE_THREADS = 16, 8
"""Of pools that had not been used to the full before. A generation that stays when another one serves has
some twenty files.
"""


@pytest.mark.long
def test_a_server_under_load_leaks_neither_memory_nor_handles_nor_threads(
    tmp_path: Path, small_data: Path, report: Report
) -> None:
    data = tmp_path / "data"
    for name in GENERATIONS:
        link_generation(active_generation(small_data), data, name=name)
    DataFolder(data).activate(GENERATIONS[0])
    with real_server(data, tmp_path, "--live-products", "500", "--cached-results", "200") as server:
        load = MixedLoad(server, GENERATIONS, swap_seconds=min(10.0, SECONDS / 12))
        sampled(server, load, SECONDS * WARM_UP, seed=1)
        before = at_rest(server)
        samples = sampled(server, load, SECONDS * (1 - WARM_UP), seed=2)
        after = at_rest(server)

    slope, doubt = mib_an_hour(samples)
    report(
        tried=load.total,
        lost=len(load.untyped),
        given_up=sum(count for (_, end), count in load.calls.items() if end == GIVEN_UP),
        leaked_mib_an_hour=round(slope, 2),
        standard_error=round(doubt, 2),
        mib=round(after.mib, 1),
        leaked_files=after.files - before.files,
        leaked_threads=after.threads - before.threads,
    )
    assert load.untyped == []
    assert all(any(end == "OK" for name, end in load.calls if name == method) for method, _ in load.calls)
    hours = SECONDS * (1 - WARM_UP) / 3_600
    assert slope < MOST_MIB_AN_HOUR + 3 * doubt + (SHORT_MIB / hours if hours < SHORT_HOURS else 0.0)
    assert after.files <= before.files + SPARE_FILES
    assert after.threads <= before.threads + SPARE_THREADS


def sampled(server: RealServer, load: MixedLoad, seconds: float, *, seed: int) -> list[tuple[float, float]]:
    """Seconds and resident MiB, some five times a second at most, under load."""
    samples, start = [], time.monotonic()
    with load.running(CALLERS, seed):
        while (now := time.monotonic() - start) < seconds:
            samples.append((now, Resources.of(server.process.pid).mib))
            time.sleep(max(0.2, seconds / 10_000))
    return samples


def at_rest(server: RealServer) -> Resources:
    """When calls have ended, those that were given up as well, and what was swapped out is closed: no change
    for two seconds, or after half a minute. Each generation is activated anew, since an overlay has the more
    files the longer it grows.
    """
    for name in GENERATIONS[::-1]:
        activate(server, name)
    seen: list[Resources] = []
    for _ in range(60):
        seen.append(Resources.of(server.process.pid))
        if len(seen) > 4 and len({(each.files, each.threads) for each in seen[-5:]}) == 1:
            break
        time.sleep(0.5)
    return seen[-1]


def mib_an_hour(samples: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The slope of the least of each window, and its standard error: a leak lifts the least, too, and swaps
    of generations, which hold two for a moment, do not.
    """
    windows = np.array_split(np.array(samples), WINDOWS)
    hours = np.array([window[:, 0].mean() for window in windows]) / 3_600
    least = np.array([window[:, 1].min() for window in windows])
    slope, level = np.polyfit(hours, least, 1)
    spread = np.sum((hours - hours.mean()) ** 2)
    residue = np.sum((least - level - slope * hours) ** 2) / (WINDOWS - 2)
    return float(slope), float(np.sqrt(residue / spread))


@pytest.mark.parametrize(("leak", "least"), [(0.0, -5.0), (50.0, 45.0)])
def test_the_slope_tells_a_leak_from_the_noise_of_swaps(leak: float, least: float) -> None:
    """200 MiB, 100 more for a tenth of the time, in two hours."""
    seconds = np.arange(0, 7_200, 1.0)
    noise = np.random.default_rng(0).normal(0, 1, len(seconds))
    mib = 200 + 100 * (seconds % 60 < 6) + noise + leak * seconds / 3_600

    slope, doubt = mib_an_hour(list(zip(seconds, mib, strict=True)))

    assert least < slope < leak + 5
    assert doubt < 1
