"""The page of `graph view` in a real browser: what it shows, what it tells on hover, what it never does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from engine.graph_values import GraphNode, NameOf, TextEvidence
from index_builder.graph.view.neighbourhood import Neighbourhood, ShownNode
from index_builder.graph.view.opened import Link
from index_builder.graph.view.page import write_page
from tests.integration.commands import typed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'
INK = GraphNode("urn:cartograph:product:1", "Inko 20 ink cartridge", "product", product_id="1")
ODD = GraphNode("urn:cartograph:product:2", HOSTILE, "product", product_id="2")
BRAND = GraphNode("urn:cartograph:brand:inko", "Inko", "brand", product_count=2)
PRINTER = GraphNode("urn:cartograph:target:lx200", "LX200 打印机", "compatible_target", product_count=1)
BLACK = GraphNode("urn:cartograph:color:black", "Black", "color", product_count=9)
READ = TextEvidence("title", 0, 5, "LX200", "target", "relation", 0.9, "compatible with")
CATALOGUE, RELATIONS = "urn:cartograph:graph:catalogue", "urn:cartograph:graph:text-relations"
SCHEMA = "https://schema.org/"
SHOWN = Neighbourhood(
    "Inko",
    BRAND.iri,
    (
        ShownNode(BRAND, (NameOf("inko", 1.0), NameOf("inko gmbh", 0.5)), 7),
        ShownNode(INK, (), 3),
        ShownNode(ODD, (), 1),
        ShownNode(PRINTER, (NameOf("lx200 打印机", 1.0),), 1),
        ShownNode(BLACK, (NameOf("black", 1.0), NameOf("黑色", 0.9)), 9),
    ),
    (
        Link(INK, "brand", BRAND, f"{SCHEMA}brand", CATALOGUE, 1.0),
        Link(ODD, "brand", BRAND, f"{SCHEMA}brand", CATALOGUE, 1.0),
        Link(INK, "fits", PRINTER, f"{SCHEMA}isAccessoryOrSparePartFor", RELATIONS, 0.9, (READ,)),
        Link(INK, "color", BLACK, f"{SCHEMA}color", CATALOGUE, 1.0),
    ),
    "g0123456789abcdef",
)


@dataclass
class Opened:
    """A page in the browser, and everything it asked for, complained of, or threw."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> str:
        return "\n".join(self.page.locator(selector).all_inner_texts())

    def visible(self) -> set[str]:
        """Labels of the nodes that are drawn."""
        drawn = "graphView.cy.nodes().filter(n => n.style('display') === 'element').map(n => n.data('label'))"
        return set(self.page.evaluate(drawn))

    def hover(self, element: str) -> str:
        """What the tip says when the mouse is on a node's place, or on the middle of a link."""
        at = self.page.evaluate(
            """(id) => {
              const it = graphView.cy.getElementById(id);
              const at = it.isNode() ? it.renderedPosition() : it.renderedMidpoint();
              const box = document.getElementById("graph").getBoundingClientRect();
              return { x: at.x + box.x, y: at.y + box.y };
            }""",
            element,
        )
        self.page.mouse.move(5, at["y"])
        self.page.mouse.move(at["x"], at["y"], steps=4)
        self.page.wait_for_selector("#tip:not([hidden])")
        return self.texts("#tip")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


def show(browser: Browser, path: Path) -> Opened:
    opened = Opened(browser.new_page(viewport={"width": 1280, "height": 800}))

    def asked(request: Request) -> None:
        opened.requests.append(request.url)

    opened.page.on("request", asked)
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.goto(path.as_uri())
    opened.page.wait_for_function("window.graphView !== undefined")
    return opened


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """No page may ask for anything but itself, complain, or run what a title holds."""
    write_page(SHOWN, tmp_path / "page.html")
    found = show(browser, tmp_path / "page.html")
    yield found
    assert found.requests == [(tmp_path / "page.html").as_uri()]
    assert found.complaints == []
    assert found.page.evaluate("window.hacked") is None
    found.page.close()


def test_nodes_and_relations_are_labelled(opened: Opened) -> None:
    assert opened.visible() == {"Inko", "Inko 20 ink cartridge", HOSTILE, "LX200 打印机", "Black"}
    relations = opened.page.evaluate("graphView.cy.edges().map(e => e.style('label')).sort()")
    assert relations == ["brand", "brand", "color", "fits"]


def test_hovering_tells_where_a_statement_comes_from(opened: Opened) -> None:
    tip = opened.hover("link-2")

    assert "Inko 20 ink cartridge → LX200 打印机" in tip
    assert "text-relations, 90% sure" in tip
    assert "“LX200” in the title, relation 90%" in tip


def test_hovering_a_node_tells_its_kind_and_sources(opened: Opened) -> None:
    tip = opened.hover(INK.iri)

    assert tip.startswith("Inko 20 ink cartridge")
    assert "product" in tip
    assert "said by catalogue, text-relations" in tip


def test_the_panel_tells_what_is_known_of_the_center(opened: Opened) -> None:
    panel = opened.texts("#panel")

    assert "inko (100%), inko gmbh (50%)" in panel
    assert "2 products" in panel
    assert "5 only in the graph" in panel  # 7 neighbours, of which the page holds 2
    assert "catalogue, 100% sure" in panel


def test_a_kind_is_filtered_out_and_in_again(opened: Opened) -> None:
    opened.page.get_by_label("color").uncheck()
    assert "Black" not in opened.visible()

    opened.page.get_by_label("color").check()
    assert "Black" in opened.visible()


def test_search_finds_by_alias_and_opens_the_panel(opened: Opened) -> None:
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("黑色")
    opened.page.keyboard.press("Enter")

    assert opened.page.locator("#panel h2").inner_text() == "Black"
    assert opened.page.evaluate("graphView.cy.$(':selected').id()") == BLACK.iri


def test_the_graph_is_walked_by_keyboard(opened: Opened) -> None:
    opened.page.locator("#graph").focus()
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.locator("#panel h2").inner_text() == "Inko"

    opened.page.keyboard.press("Escape")
    assert opened.page.evaluate("graphView.cy.$(':selected').length") == 0


def test_a_node_becomes_the_center(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Inko 20 ink cartridge").click()
    opened.page.get_by_role("button", name="Centre here").click()

    assert opened.page.evaluate("graphView.cy.$('.center').id()") == INK.iri


def test_a_hostile_title_is_shown_as_it_is_written(opened: Opened) -> None:
    opened.page.get_by_role("button", name="<img src=x").click()

    assert opened.page.locator("#panel h2").inner_text() == HOSTILE
    assert opened.page.locator("img").count() == 0


def test_a_large_page_opens_small_and_expands(browser: Browser, tmp_path: Path) -> None:
    products = [GraphNode(f"urn:cartograph:product:{at}", f"Ink {at}", "product") for at in range(40)]
    shown = Neighbourhood(
        "Inko",
        BRAND.iri,
        tuple(ShownNode(node, (), 1) for node in (BRAND, *products)),
        tuple(Link(node, "brand", BRAND, f"{SCHEMA}brand", CATALOGUE, 1.0) for node in products),
        "g0123456789abcdef",
    )
    write_page(shown, tmp_path / "page.html")
    opened = show(browser, tmp_path / "page.html")

    assert len(opened.visible()) == 1 + 18
    opened.page.get_by_role("button", name="Expand").click()
    assert len(opened.visible()) == 1 + 40
    opened.page.get_by_role("button", name="Start over").click()
    assert len(opened.visible()) == 1 + 18
    opened.page.close()


def test_a_page_without_nodes_opens_too(browser: Browser, tmp_path: Path) -> None:
    write_page(Neighbourhood("Overview", "", (), (), "g0123456789abcdef"), tmp_path / "page.html")
    opened = show(browser, tmp_path / "page.html")

    assert opened.complaints == []
    assert "0 nodes" in opened.texts("#panel")
    opened.page.close()


@pytest.mark.parametrize("entity", [(), ("product:OFF-0001",)], ids=["overview", "entity"])
def test_the_command_writes_a_page_that_opens(
    browser: Browser, small_data: Path, tmp_path: Path, entity: tuple[str, ...]
) -> None:
    out = tmp_path / "page.html"
    outcome = typed("index_builder", "graph", "view", *entity, "--data", str(small_data), "--out", str(out))
    assert (outcome.code, outcome.err) == (0, "")

    opened = show(browser, out)
    assert len(opened.visible()) > 3
    assert opened.page.evaluate("graphView.cy.edges().length") > 3
    assert opened.requests == [out.as_uri()]
    assert opened.complaints == []
    opened.page.close()
