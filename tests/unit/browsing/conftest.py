from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.browsing.browser import GraphBrowser
from tests.small_graph import open_small_graph, write_small_graph


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphBrowser]:
    opened = open_small_graph(write_small_graph(tmp_path_factory.mktemp("graph")))
    yield opened.browser
    opened.close()
