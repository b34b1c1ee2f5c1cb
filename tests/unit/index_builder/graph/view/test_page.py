"""The page as a file: whole, self-contained, and safe with any title."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from index_builder.graph.view.neighbourhood import around
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.page import embedded, page, write_page
from tests.unit.index_builder.graph.view.conftest import HOSTILE, iri_of


class Elements(HTMLParser):
    """The tags of a page with their attributes, and the text of its data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_data = dict(attrs).get("id") == "data"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
            self._in_data = False


@pytest.fixture(scope="module")
def hostile(opened: OpenedGraph) -> str:
    return page(around(opened, opened.nodes.node(iri_of(8)), depth=1, max_nodes=20))


def test_a_hostile_title_is_data_and_never_markup(hostile: str) -> None:
    elements = Elements(hostile)

    assert "img" not in [tag for tag, _ in elements.tags]
    assert [tag for tag, _ in elements.tags].count("script") == 3
    data = json.loads(elements.data)
    assert data["title"] == HOSTILE
    assert HOSTILE in [node["label"] for node in data["nodes"]]


def test_the_script_makes_no_markup_of_text() -> None:
    static = Path(__file__).parents[5] / "index_builder/graph/view/static"
    ours = [path for path in static.glob("*.js") if path.name != "cytoscape.min.js"]

    assert len(ours) == 4
    for path in ours:
        markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\("
        assert not re.search(markup, path.read_text(encoding="utf-8")), path.name


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_embedded_data_reads_back_and_cannot_end_its_element(data: object) -> None:
    text = embedded(data)

    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)


def test_nothing_is_loaded_from_anywhere(hostile: str) -> None:
    for tag, attributes in Elements(hostile).tags:
        assert not {"src", "href", "srcset", "action"} & set(attributes), tag


def test_only_the_scripts_of_the_page_may_run(hostile: str) -> None:
    (policy,) = [
        str(attributes["content"])
        for tag, attributes in Elements(hostile).tags
        if tag == "meta" and "http-equiv" in attributes
    ]

    assert policy.startswith("default-src 'none';")
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/]{43}='", policy)) == 2
    assert "'unsafe-inline'" not in policy.split("script-src")[1]


def test_the_library_has_its_licence_and_version_beside_it() -> None:
    static = Path(__file__).parents[5] / "index_builder/graph/view/static"
    version = re.search(r"Cytoscape\.js (\d+\.\d+\.\d+)", (static / "README.md").read_text())

    assert version is not None
    assert f'"{version[1]}"' in (static / "cytoscape.min.js").read_text()
    assert "Permission is hereby granted" in (static / "cytoscape.LICENSE").read_text()


def test_a_page_that_cannot_be_written_is_told(opened: OpenedGraph, tmp_path: Path) -> None:
    shown = around(opened, opened.nodes.node(iri_of(8)), depth=1, max_nodes=2)

    with pytest.raises(ConfigError, match=r"absent/p\.html cannot be written"):
        write_page(shown, tmp_path / "absent" / "p.html")
