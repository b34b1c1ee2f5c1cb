"""Engines are measured in real processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.filters import made_up
from benchmarks.peers.job import Outcome
from benchmarks.peers.registry import PEERS, Entry
from benchmarks.peers.runs import known, run, save_data

FAKES = "tests.unit.benchmarks.peers"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    save_data(folder, made_up(200, 8, seed=1), made_up(10, 8, seed=2), made_up(10, 8, seed=3))
    return folder


def outcome_of(entry: Entry, data: Path, minutes: float = 2) -> Outcome:
    return run(entry, data, dimension=8, seed=0, threads=1, seconds=0.1, minutes=minutes)


def test_an_engine_in_its_own_process_gives_its_figures(data: Path) -> None:
    outcome = outcome_of(Entry(f"{FAKES}.fake_peer", (), ""), data)

    assert outcome.problem == ""
    assert (outcome.kind, outcome.versions) == ("in process", {"fake": "1"})
    assert outcome.figures is not None
    assert outcome.figures["loads"][1]["recall"] == 1.0


def test_an_engine_that_fails_says_so_in_one_sentence(data: Path) -> None:
    outcome = outcome_of(Entry(f"{FAKES}.broken_peer", (), ""), data)

    assert outcome == Outcome("failed: OSError: the disk is full")


def test_an_engine_that_is_not_there_says_how_to_get_it(data: Path) -> None:
    outcome = outcome_of(Entry("no.module", ("no_such_engine",), "pip install no-such-engine"), data)

    assert outcome == Outcome("not installed: pip install no-such-engine")


def test_an_engine_that_takes_too_long_is_ended(data: Path) -> None:
    outcome = outcome_of(Entry(f"{FAKES}.fake_peer", (), ""), data, minutes=0.0001)

    assert outcome.problem == "failed: took more than 0.0001 minutes"


def test_engines_are_chosen_by_name() -> None:
    assert known("faiss, chroma", PEERS) == ["faiss", "chroma"]
    with pytest.raises(ValueError, match="no peer 'faise'; there are cartograph"):
        known("faise", PEERS)
