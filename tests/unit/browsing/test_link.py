from __future__ import annotations

from engine.browsing.browser import GraphBrowser
from tests.small_graph import BLACK, GENERATION, LX300


def test_a_text_is_read_as_a_search_reads_it(browser: GraphBrowser) -> None:
    read = browser.link("Blakc cartridge for Inko LX300")

    assert read.corrections == (("blakc", "black"),)
    assert read.tokens == ("black", "cartridge", "for", "inko", "lx300")
    surest = [(link.start, link.end, link.entity.iri) for link in read.links if link.confidence > 0.5]
    assert surest == [(0, 1, BLACK), (3, 5, LX300)]
    assert read.generation_id == GENERATION


def test_a_text_that_names_nothing_has_no_links(browser: GraphBrowser) -> None:
    assert browser.link("zzz").links == ()
