"""What many tests here use: one server process for those that only ask, one build by the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from engine.generation import DataFolder
from tests.integration.commands import Outcome, typed
from tests.integration.real_server import RealServer, real_server
from tests.made_once import made_once
from tests.small_shop import SmallShop, active_generation, link_generation


@dataclass(frozen=True)
class TwoGenerations:
    """A data folder whose active generation is the whole sample; the small shop's is there beside it."""

    data: Path
    sample: str
    small: str

    @classmethod
    def link(cls, data: Path, sample_data: Path, small_data: Path) -> TwoGenerations:
        sample = link_generation(active_generation(sample_data), data)
        small = link_generation(active_generation(small_data), data)
        DataFolder(data).activate(sample.id)
        return cls(data, sample.id, small.id)


@pytest.fixture(scope="session")
def two_generations(
    tmp_path_factory: pytest.TempPathFactory, sample_data: Path, small_data: Path
) -> TwoGenerations:
    return TwoGenerations.link(tmp_path_factory.mktemp("two") / "data", sample_data, small_data)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, two_generations: TwoGenerations) -> Iterator[RealServer]:
    """Serves the sample; a test that swaps swaps back."""
    with real_server(two_generations.data, tmp_path_factory.mktemp("server")) as running:
        yield running


@dataclass(frozen=True)
class GatedBuild:
    """The small shop, built by the command line, with a relevance gate that nothing passes."""

    data: Path
    outcome: Outcome


@pytest.fixture(scope="session")
def gated_build(tmp_path_factory: pytest.TempPathFactory, small_shop: SmallShop) -> GatedBuild:

    def build(folder: Path) -> None:
        outcome = typed("index_builder", "build", *small_shop.flags(folder / "data"), "--min-ndcg", "1.0")
        (folder / "outcome.json").write_text(json.dumps(asdict(outcome)))

    folder = made_once(tmp_path_factory, "gated", build)
    return GatedBuild(folder / "data", Outcome(**json.loads((folder / "outcome.json").read_text())))
