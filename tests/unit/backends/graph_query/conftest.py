from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.backends.graph_query.pool import GraphQueryPool
from engine.backends.knowledge_graph import STORE
from tests.small_graph import write_small_graph


@pytest.fixture(scope="session")
def graph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand statements that nothing speaks of make a cartesian product of three take an hour."""
    return write_small_graph(tmp_path_factory.mktemp("graph"), filler=2_000)


@pytest.fixture
def pool(graph_folder: Path) -> Iterator[GraphQueryPool]:
    made = GraphQueryPool(graph_folder / STORE, processes=2, memory_mib=128)
    yield made
    made.close()
