from __future__ import annotations

from pathlib import Path

import pytest

from tests.small_graph import write_small_graph


@pytest.fixture(scope="session")
def graph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand statements that nothing speaks of make a cartesian product of three take an hour."""
    return write_small_graph(tmp_path_factory.mktemp("graph"), filler=2_000)
