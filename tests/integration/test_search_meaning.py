"""What the engine reads in a query, on the built sample, and how it says so."""

from __future__ import annotations

import re

from engine.pipeline import Pipeline
from engine.request import (
    SearchRequest,
)
from tests.integration.searching import colors_of, search


def test_a_misspelt_query_is_corrected_and_finds_the_thing(sample_pipeline: Pipeline) -> None:
    result = search(sample_pipeline, SearchRequest("esspresso machine"))

    info = result.expansion_info
    assert [(fix.written, fix.read_as) for fix in info.corrections] == [("esspresso", "espresso")]
    assert info.searched_text == "espresso machine"
    assert result.hits[0].product.attributes["product_type"] == "espresso machine"


def test_a_chinese_query_finds_products_described_in_english(sample_pipeline: Pipeline) -> None:
    """黑色无线鼠标 is black, wireless, mouse."""
    result = search(sample_pipeline, SearchRequest("黑色无线鼠标"))

    linked = {(link.text, link.entity.label) for link in result.expansion_info.links}
    assert {("黑色", "black"), ("鼠标", "mouse")} <= linked
    best = result.hits[0].product
    assert best.attributes["product_type"] == "mouse"
    assert colors_of(best) == ("black",)
    assert best.attributes["wireless"] is True


def test_couch_finds_what_is_called_a_sofa(sample_pipeline: Pipeline) -> None:
    result = search(sample_pipeline, SearchRequest("couch"))

    links = [link.entity.label for link in result.expansion_info.links]
    assert links == ["sofa", "Sofas"]  # the type of product, and the category
    sofas = [hit for hit in result.hits[:5] if "couch" not in hit.product.title.casefold()]
    assert any("Sofa" in hit.product.title for hit in sofas)


def test_a_graph_path_reads_like_a_sentence(sample_pipeline: Pipeline) -> None:
    result = search(sample_pipeline, SearchRequest("black ink for printnova 2540", explain=True))

    cartridge = next(hit for hit in result.hits if hit.product.id == "OFF-0004")
    assert cartridge.explanation is not None
    assert cartridge.explanation.graph_paths == (
        '"black" -> color black <- product',
        '"ink" -> type ink cartridge <- product',
        '"printnova 2540" -> fits PrintNova 2540 <- product',
    )
    for hit in result.hits:
        assert hit.explanation is not None
        for path in hit.explanation.graph_paths:
            assert re.fullmatch(r'"[^"]+"( -> [^<>]+)+ <- product', path)


def test_a_hit_that_a_past_query_led_to_says_which(sample_pipeline: Pipeline) -> None:
    result = search(sample_pipeline, SearchRequest("bullet journal a5", explain=True))

    journal = next(hit for hit in result.hits[:3] if hit.product.id == "OFF-0025")
    assert journal.explanation is not None
    assert journal.explanation.past_queries[0] == "bullet journal a5"
