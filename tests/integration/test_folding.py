"""A shop folds live changes into generations while it goes on changing: nothing is lost, nothing twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import grpc
import pytest

from cartograph.v1 import generation_service_pb2
from engine.backends.change_log import ChangeReader
from engine.generation import LIVE, MANIFEST, DataFolder, Generation
from index_builder.build import CACHE
from tests.integration.calls import activate, roll_back, status
from tests.integration.commands import Outcome, typed
from tests.integration.live_writer import GONE, Writer
from tests.integration.real_server import WAIT, real_server
from tests.rpc.running import Refusal
from tests.small_shop import SmallShop, active_generation, link_generation, rewrite


@pytest.fixture
def data(tmp_path: Path, small_data: Path) -> Path:
    """Of the small shop, whose embeddings are known already."""
    own = tmp_path / "data"
    small = link_generation(active_generation(small_data), own)
    shutil.copytree(small_data / CACHE, own / CACHE)
    DataFolder(own).activate(small.id)
    return own


def build(data: Path, *flags: str) -> Outcome:
    """With the models of the generation that serves: making them is told elsewhere."""
    serving = DataFolder(data).open_active(verify=False)
    models = ("--encoder", str(serving.part("encoder")), "--reranker", str(serving.part("reranker")))
    fast = ("--no-graph-models", "--threads", "2")
    return typed("index_builder", "build", "--out", str(data), *models, *fast, *flags)


def active(data: Path) -> str:
    pointer = DataFolder(data).pointer()
    assert pointer is not None
    return pointer.active


def held(data: Path, generation_id: str) -> int:
    """The last live change that a generation holds."""
    return DataFolder(data).open_generation(generation_id, verify=False).manifest.folded.sequence


def forgotten(data: Path) -> int:
    reader = ChangeReader.open_to_read(data / LIVE)
    try:
        return reader.compacted
    finally:
        reader.close()


def until_forgotten(data: Path, sequence: int) -> None:
    end = time.monotonic() + WAIT
    while forgotten(data) != sequence:
        assert time.monotonic() < end, forgotten(data)
        time.sleep(0.05)


@pytest.mark.long
def test_changes_are_folded_in_while_others_are_made(
    data: Path, tmp_path: Path, small_shop: SmallShop
) -> None:
    small = active(data)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with real_server(data, tmp_path / "first") as server:
        writer = Writer(server)
        for _ in range(10):
            writer.write()
        writer.delete(GONE)
        before = 10 * 2 + 1

        with writer.writing():
            outcome = build(data, "--from-live")
            assert outcome.code == 0, outcome.err
            second = active(data)
            assert activate(server, second).generation.live_sequence == held(data, second) >= before

        assert status(server).generation.id == second
        writer.check(server)
        assert forgotten(data) == 0  # the first generation would need all of them
        assert roll_back(server).generation.id == small
        writer.check(server)
        assert activate(server, second).generation.id == second
        writer.check(server)

        writer.write()
        outcome = build(data, "--from-live")
        assert outcome.code == 0, outcome.err
        assert small in outcome.out  # is removed, since two newer ones are there
        third = active(data)
        assert {info.id for info in DataFolder(data).list()} == {second, third}
        with writer.writing():
            activate(server, third)
            until_forgotten(data, held(data, second))

        writer.check(server)
        assert roll_back(server).generation.id == second
        writer.check(server)
        writer.write()
        server.process.kill()
        server.process.wait(WAIT)

    with real_server(data, tmp_path / "second") as server:
        assert status(server).generation.id == second
        writer.check(server)
        writer.server = server
        writer.write()
        activate(server, third)
        writer.check(server)

    stale = build(data, "--catalog", str(small_shop.catalog))
    assert f"the change log keeps only those after {held(data, second)}" in stale.sentence()
    assert f"--live-until {held(data, second)}" in stale.sentence()


def linked(
    whole: Generation,
    data: Path,
    name: str,
    *,
    minutes: int = 0,
    figures: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """A generation of the same files, made so many minutes later, with other figures of relevance."""
    generation = link_generation(whole, data, name=name)
    made = generation.manifest.created + timedelta(minutes=minutes)
    manifest = replace(generation.manifest, created=made, evaluation=figures)
    rewrite(generation.folder / MANIFEST, manifest.to_json().encode())


def test_generations_are_removed_under_a_running_server_but_for_those_it_needs(
    data: Path, tmp_path: Path, small_data: Path
) -> None:
    """It serves one that the pointer has left long ago, as after builds that nobody told it of."""
    small = active(data)
    whole = active_generation(small_data)
    for number in range(2, 6):
        linked(whole, data, f"g-{number}", minutes=number)
    with real_server(data, tmp_path) as server:
        for name in ("g-2", "g-3", "g-4"):
            DataFolder(data).activate(name)

        told = typed("index_builder", "prune", "--data", str(data), "--keep", "1", "--dry-run")
        pruned = typed("index_builder", "prune", "--data", str(data), "--keep", "1")

        assert (told.code, pruned.code) == (0, 0), told.err + pruned.err
        assert f"{small} stays: a server has opened it" in pruned.out.splitlines()
        left = {info.id for info in DataFolder(data).list()}
        assert {small, "g-3", "g-4"} <= left
        assert [line.replace(" would be", "") for line in told.out.splitlines()] == pruned.out.splitlines()
        writer = Writer(server)
        writer.write()  # needs the files of its generation
        writer.check(server)

        activate(server, "g-4")
        again = typed("index_builder", "prune", "--data", str(data), "--keep", "1")
        assert f"{small} removed" in again.out
        writer.check(server)
        assert roll_back(server).generation.id == "g-3"
        with pytest.raises(grpc.RpcError) as raised:
            roll_back(server)
        assert raised.value.details() == (
            "Generation g-2, which was active before, is not there any more: it was pruned. Activate one of "
            "those that ListGenerations names."
        )


def test_a_generation_that_ranks_worse_is_not_activated_unless_it_is_forced(
    data: Path, tmp_path: Path, small_data: Path
) -> None:
    whole = active_generation(small_data)
    for name, figures in {
        "g-good": {"ndcg@10": 0.8, "recall@100": 0.9},
        "g-worse": {"ndcg@10": 0.7, "recall@100": 0.9},
        "g-unmeasured": {},
    }.items():
        linked(whole, data, name, figures=figures)
    DataFolder(data).activate("g-good")
    with real_server(data, tmp_path, "--min-relevance-ratio", "0.9") as server:
        for name, told in {
            "g-worse": "has ndcg@10 0.7000, less than 0.9 of the 0.8000 of g-good",
            "g-unmeasured": "was built without judgements",
        }.items():
            with pytest.raises(grpc.RpcError) as raised:
                activate(server, name)
            refusal = Refusal.of(raised.value)
            assert (refusal.code, refusal.info.reason) == (
                grpc.StatusCode.FAILED_PRECONDITION,
                "RELEVANCE_GATE",
            )
            assert told in refusal.message
            assert status(server).generation.id == "g-good"

        forced = generation_service_pb2.ActivateGenerationRequest(generation_id="g-unmeasured", force=True)
        server.generations.ActivateGeneration(forced, timeout=WAIT)
        assert status(server).generation.id == "g-unmeasured"
        activate(server, "g-worse")  # nothing to compare with, which is told
        assert "relevance not compared" in server.log.read_text()
