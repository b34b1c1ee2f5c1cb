"""A build that is killed leaves nothing half-published, and the same command goes on where it stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest

from engine.generation import DataFolder
from index_builder.build import CACHE
from index_builder.embed import CHUNK_TEXTS
from tests.integration.commands import typed

PRODUCTS = 4_000
WAIT = 150.0
"""Seconds that a build gets on a busy machine."""

MAKES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper")
THINGS = (
    *("kettle", "teapot", "saucepan", "stool", "desk lamp", "bookshelf", "rucksack", "tent", "bicycle bell"),
    *("rain jacket", "wool scarf", "running shoe", "cat bed", "dog lead", "wooden train", "jigsaw puzzle"),
    *("hammer", "cordless drill", "garden hose", "watering can"),
)
COLORS = ("red", "green", "blue", "black", "white")
SIZES = ("small", "medium", "large", "tall")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 makes x 20 things x 5 colours x 4 sizes = 4,000 products, no two alike."""
    path = tmp_path_factory.mktemp("shop") / "products.jsonl"
    variants = product(MAKES, THINGS, COLORS, SIZES)
    lines = [
        json.dumps(
            {
                "id": f"P-{number:04}",
                "title": f"{make} {size} {color} {thing} No. {number}",
                "brand": make,
                "category": ["Shop", thing],
                "attributes": {"color": color, "size": size},
            }
        )
        for number, (make, thing, color, size) in enumerate(variants)
    ]
    path.write_text("\n".join(lines) + "\n")
    assert len(lines) == PRODUCTS
    return path


def chunks(data: Path) -> dict[str, int]:
    """Finished chunks of product embeddings, by name, with the time of their writing in ns."""
    found = (data / CACHE).glob("*/products/*.npz")
    return {path.name: path.stat().st_mtime_ns for path in found if not path.name.startswith(".")}


def build_command(catalog: Path, data: Path) -> list[str]:
    """Without the models that take long to train and are no part of the story."""
    flags = ["--catalog", str(catalog), "--out", str(data), "--no-graph-models"]
    small = ["--reranker-pairs", "100", "--threads", "1"]
    return [sys.executable, "-m", "index_builder", "build", *flags, *small]


def kill_while_embedding(command: list[str], data: Path, after_chunks: int) -> int:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            until = time.monotonic() + WAIT
            while len(chunks(data)) < after_chunks:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < until
                time.sleep(0.01)
        finally:
            process.kill()
        return process.wait()


@pytest.mark.long
def test_a_killed_build_publishes_nothing_and_the_same_command_goes_on_where_it_stopped(
    catalog: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    command = build_command(catalog, data)

    code = kill_while_embedding(command, data, after_chunks=2)
    finished = chunks(data)

    assert code == -signal.SIGKILL
    assert 2 <= len(finished) < -(-PRODUCTS // CHUNK_TEXTS)
    assert DataFolder(data).list() == ()
    assert DataFolder(data).pointer() is None
    assert not list(data.glob("generations/*"))
    listed = typed("index_builder", "inspect", "--data", str(data), "--json")
    assert (listed.code, json.loads(listed.out)["generations"]) == (0, [])
    served = typed("engine", "search", "kettle", "--data", str(data))
    assert f"No generation is active in {data}." in served.sentence()

    again = subprocess.run(command, capture_output=True, text=True, timeout=WAIT, check=False)

    assert again.returncode == 0, again.stdout + again.stderr
    (generation,) = DataFolder(data).list()
    assert (generation.active, generation.product_count) == (True, PRODUCTS)
    # Each product is embedded once: the finished chunks are as they were, and the rest fills 4 in all.
    assert finished.items() <= chunks(data).items()
    assert len(chunks(data)) == -(-PRODUCTS // CHUNK_TEXTS)
    assert not (data / "building").exists()


def test_a_second_build_into_the_same_folder_is_refused_while_one_runs(
    catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from filelock import FileLock

    from index_builder.__main__ import main

    (data := tmp_path / "data").mkdir()
    with FileLock(data / ".build.lock"):
        code = main(build_command(catalog, data)[3:])

    expected = f"error: Another build is writing to {data}; wait for it or choose another.\n"
    assert (code, capfd.readouterr().err) == (1, expected)
