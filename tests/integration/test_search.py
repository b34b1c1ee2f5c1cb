"""What a search promises, on the whole pipeline over the built sample."""

from __future__ import annotations

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from engine.deadline import Deadline
from engine.errors import CancelledError, DeadlineExceededError
from engine.pipeline import Pipeline
from engine.request import (
    DiversitySpec,
    Hit,
    RerankSpec,
    RetrievalSpec,
    SearchRequest,
    SearchResult,
    Source,
    Stage,
)
from engine.stages.expand import ExpansionMode, ExpansionSpec
from engine.trace import CostEstimate
from engine.types import Product
from tests.conftest import Sample
from tests.small_shop import SAMPLE

NO_RERANK = RerankSpec(enabled=False)
ALL = 1_000
"""More than the catalogue has, so that one page holds a whole ranking."""
EVERYTHING = SearchRequest(
    "black ink for printnova 2540",
    filter="price < 100",
    diversity=DiversitySpec(strength=0.3, max_per_brand=3),
    explain=True,
)
BLACK_AND_CHEAP = 'attributes.color = "black" AND price < 50'


def search(pipeline: Pipeline, request: SearchRequest) -> SearchResult:
    return pipeline.search(request, Deadline.none())


def ids(result: SearchResult) -> list[str]:
    return [str(hit.product.id) for hit in result.hits]


def stages_of(result: SearchResult) -> list[Stage]:
    return [timing.stage for timing in result.timings]


def price_of(hit: Hit) -> Decimal:
    assert hit.product.price is not None
    return hit.product.price.amount


@pytest.fixture(scope="module")
def raw_products() -> dict[str, dict[str, Any]]:
    """The catalogue as it was written, for predicates of our own."""
    lines = (SAMPLE / "products.jsonl").read_text(encoding="utf-8").splitlines()
    return {product["id"]: product for product in map(json.loads, lines)}


@pytest.fixture(scope="module")
def black_and_cheap(raw_products: dict[str, dict[str, Any]]) -> set[str]:
    def is_black(color: str | list[str]) -> bool:
        return "black" in ([color] if isinstance(color, str) else color)

    return {
        product_id
        for product_id, product in raw_products.items()
        if is_black(product["attributes"].get("color", "")) and product.get("price", 50) < 50
    }


def test_every_stage_is_timed_in_the_order_of_the_pipeline(sample_pipeline: Pipeline) -> None:
    result = search(sample_pipeline, EVERYTHING)

    assert stages_of(result) == list(Stage)
    assert all(timing.seconds > 0 for timing in result.timings)
    assert result.degraded == ()


@pytest.mark.parametrize(
    ("request_", "stage"),
    [
        (replace(EVERYTHING, filter=""), Stage.FILTER),
        (
            replace(
                EVERYTHING, retrieval=RetrievalSpec(disabled=frozenset({Source.DENSE, Source.PAST_QUERIES}))
            ),
            Stage.ENCODE,
        ),
        (replace(EVERYTHING, rerank=NO_RERANK), Stage.RERANK),
        (replace(EVERYTHING, diversity=DiversitySpec()), Stage.DIVERSIFY),
        (replace(EVERYTHING, explain=False), Stage.EXPLAIN),
    ],
    ids=lambda value: value.value if isinstance(value, Stage) else "",
)
def test_a_stage_that_the_request_switches_off_does_not_run(
    sample_pipeline: Pipeline, request_: SearchRequest, stage: Stage
) -> None:
    result = search(sample_pipeline, request_)

    assert stages_of(result) == [each for each in Stage if each is not stage]
    assert result.hits


def test_understanding_switched_off_reads_nothing_into_the_words(sample_pipeline: Pipeline) -> None:
    info = search(sample_pipeline, SearchRequest("esspresso machine", understand=False)).expansion_info

    assert info.searched_text == "esspresso machine"
    assert (info.corrections, info.links, info.expanded) == ((), (), ())


def test_expansion_switched_off_gains_nothing_and_asks_no_graph(sample_pipeline: Pipeline) -> None:
    request = SearchRequest("couch", explain=True, page_size=ALL)
    expanded = search(sample_pipeline, request)
    plain = search(sample_pipeline, replace(request, expansion=ExpansionSpec(ExpansionMode.DISABLED)))

    assert expanded.expansion_info.expanded
    assert Source.GRAPH in part_names(expanded)
    assert plain.expansion_info.expanded == ()
    assert Source.GRAPH not in part_names(plain)


def part_names(result: SearchResult) -> set[str]:
    return {part.name for hit in result.hits if hit.explanation for part in hit.explanation.parts}


@pytest.mark.parametrize("source", list(Source))
def test_a_source_that_is_switched_off_adds_nothing(sample_pipeline: Pipeline, source: Source) -> None:
    request = SearchRequest("wireless keyboard", explain=True, page_size=ALL, rerank=NO_RERANK)
    without = search(sample_pipeline, replace(request, retrieval=RetrievalSpec(disabled=frozenset({source}))))

    assert without.hits
    assert source not in part_names(without)


@pytest.mark.parametrize(
    ("rerank", "diversity", "order_by"),
    [
        (RerankSpec(), DiversitySpec(), ""),
        (NO_RERANK, DiversitySpec(strength=0.5), ""),
        (NO_RERANK, DiversitySpec(max_per_brand=2), "price desc"),
    ],
    ids=["reranked", "spread", "capped and ordered by price"],
)
def test_the_parts_of_every_explanation_sum_to_the_score(
    sample_pipeline: Pipeline, sample: Sample, rerank: RerankSpec, diversity: DiversitySpec, order_by: str
) -> None:
    for query in sample.queries[::3]:
        result = search(
            sample_pipeline,
            SearchRequest(
                query, page_size=ALL, explain=True, rerank=rerank, diversity=diversity, order_by=order_by
            ),
        )
        assert result.hits
        for hit in result.hits:
            assert hit.explanation is not None
            total = sum(part.value for part in hit.explanation.parts)
            assert total == pytest.approx(hit.score, abs=1e-6)


def test_hits_descend_by_score_and_ranks_count_from_1(sample_pipeline: Pipeline, sample: Sample) -> None:
    for query in sample.queries[::4]:
        hits = search(sample_pipeline, SearchRequest(query, page_size=ALL, rerank=NO_RERANK)).hits
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    "sources",
    [frozenset(each) for size in range(1, len(Source) + 1) for each in combinations(Source, size)],
    ids=lambda sources: "+".join(sorted(sources)),
)
def test_a_filter_holds_for_every_hit_whichever_sources_are_asked(
    sample_pipeline: Pipeline, black_and_cheap: set[str], sources: frozenset[Source]
) -> None:
    disabled = frozenset(Source) - sources
    for query in ("black wireless mouse", "ink", "遮光窗帘 灰色"):
        result = search(
            sample_pipeline,
            SearchRequest(
                query,
                filter=BLACK_AND_CHEAP,
                page_size=ALL,
                rerank=NO_RERANK,
                retrieval=RetrievalSpec(disabled=disabled),
            ),
        )
        assert set(ids(result)) <= black_and_cheap


def test_vectors_reach_every_product_that_a_narrow_filter_leaves(
    sample_pipeline: Pipeline, black_and_cheap: set[str]
) -> None:
    """Meaning is near to everything to a degree: filtered dense search is exact and leaves nothing out."""
    only_dense = RetrievalSpec(disabled=frozenset(Source) - {Source.DENSE})
    result = search(
        sample_pipeline,
        SearchRequest("keyboard", filter=BLACK_AND_CHEAP, page_size=ALL, retrieval=only_dense),
    )

    assert set(ids(result)) == black_and_cheap
    assert (result.total_size, result.total_size_exact) == (len(black_and_cheap), True)


def test_a_filter_that_nothing_passes_gives_an_empty_page_and_no_error(sample_pipeline: Pipeline) -> None:
    result = search(
        sample_pipeline,
        SearchRequest("sofa", filter="price < 0.01", facet_keys=("brand", "price"), explain=True),
    )

    assert (result.hits, result.next_page_token) == ((), "")
    assert (result.total_size, result.total_size_exact) == (0, True)
    assert [(facet.key, facet.values, facet.ranges) for facet in result.facets] == [
        ("brand", (), ()),
        ("price", (), ()),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        SearchRequest("coffee"),
        SearchRequest("coffee", diversity=DiversitySpec(strength=0.4, max_per_brand=2)),
        SearchRequest("coffee", order_by="price desc", rerank=NO_RERANK, filter="price > 20"),
    ],
    ids=["by score", "spread", "filtered, by price"],
)
def test_pages_joined_are_the_one_big_page(sample_pipeline: Pipeline, request_: SearchRequest) -> None:
    whole = search(sample_pipeline, replace(request_, page_size=ALL))
    pages = [search(sample_pipeline, replace(request_, page_size=29))]
    while token := pages[-1].next_page_token:
        pages.append(search(sample_pipeline, replace(request_, page_size=29, page_token=token)))

    joined = [hit for page in pages for hit in page.hits]
    assert [hit.product.id for hit in joined] == [hit.product.id for hit in whole.hits]
    assert [hit.rank for hit in joined] == [hit.rank for hit in whole.hits]
    assert len({hit.product.id for hit in joined}) == len(joined) == whole.total_size
    assert len(pages) == -(-len(joined) // 29)


def test_searches_side_by_side_answer_as_alone(sample_pipeline: Pipeline, sample: Sample) -> None:
    """Concurrent calls share model batches; nobody's neighbours may change their ranking."""
    requests = [SearchRequest(query) for query in sample.queries[:16]]
    alone = [search(sample_pipeline, request) for request in requests]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda request: search(sample_pipeline, request), requests))

    assert [ids(result) for result in together] == [ids(result) for result in alone]
    for one, other in zip(together, alone, strict=True):
        assert [hit.score for hit in one.hits] == pytest.approx([hit.score for hit in other.hits], abs=1e-4)


def test_facets_count_the_candidates(sample_pipeline: Pipeline) -> None:
    result = search(
        sample_pipeline,
        SearchRequest(
            "wireless",
            filter="price < 200",
            facet_keys=("brand", "price", "attributes.color"),
            page_size=ALL,
            rerank=NO_RERANK,
        ),
    )
    brand, price, color = result.facets
    products = [hit.product for hit in result.hits]
    brands = Counter(product.brand for product in products if product.brand)
    colors = Counter(color for product in products for color in colors_of(product))

    assert len(products) == result.total_size
    assert {value.value: value.count for value in brand.values}.items() <= brands.items()
    assert [value.count for value in brand.values] == sorted(brands.values(), reverse=True)[:20]
    assert brand.missing_count == sum(not product.brand for product in products)
    assert color.missing_count == sum(not colors_of(product) for product in products)
    for value in color.values:
        assert colors[value.value] == value.count
    for span in price.ranges:
        last = span is price.ranges[-1]
        prices = [float(price_of(hit)) for hit in result.hits]
        inside = [one for one in prices if span.lower <= one < span.upper or (last and one == span.upper)]
        assert len(inside) == span.count
    assert sum(span.count for span in price.ranges) + price.missing_count == len(products)


def colors_of(product: Product) -> tuple[str, ...]:
    """Some products have two colours, and so every product's are held as several texts."""
    colors = product.attributes.get("color", ())
    assert isinstance(colors, tuple)
    return colors


@pytest.mark.parametrize(("order_by", "sign"), [("price", 1), ("price desc", -1)])
def test_order_by_price_sorts_the_same_candidates(
    sample_pipeline: Pipeline, order_by: str, sign: int
) -> None:
    request = SearchRequest("running shoes", page_size=ALL)
    by_score = search(sample_pipeline, request)
    by_price = search(sample_pipeline, replace(request, order_by=order_by))

    with_price = [hit for hit in by_price.hits if hit.product.price]
    prices = [sign * price_of(hit) for hit in with_price]
    assert prices == sorted(prices)
    assert with_price == list(by_price.hits[: len(with_price)])  # those without a price come last
    assert sorted(ids(by_price)) == sorted(ids(by_score))
    assert ids(by_price) != ids(by_score)


def test_a_deadline_that_is_over_is_an_error(sample_pipeline: Pipeline) -> None:
    with pytest.raises(DeadlineExceededError):
        sample_pipeline.search(SearchRequest("sofa"), Deadline.after(-0.001))


def test_a_caller_who_left_is_not_served(sample_pipeline: Pipeline) -> None:
    with pytest.raises(CancelledError):
        sample_pipeline.search(SearchRequest("sofa"), Deadline.after(60, cancelled=lambda: True))


@pytest.mark.parametrize(
    ("seconds_per_pair", "how"),
    [
        # 60 s, of which models may plan 0.8: 48 s less what ran before, so 47.x / 10 s = 4 pairs
        (10.0, "shortened from 20 to 4 products"),
        (100.0, "skipped"),
    ],
)
def test_reranking_that_does_not_fit_the_deadline_is_cut_and_said_so(
    sample_pipeline: Pipeline, seconds_per_pair: float, how: str
) -> None:
    hurried = replace(sample_pipeline, pair_cost=CostEstimate(seconds_per_pair, weight=0))

    result = hurried.search(SearchRequest("sofa", explain=True), Deadline.after(60))

    (degraded,) = result.degraded
    assert degraded.stage is Stage.RERANK
    assert degraded.detail == f"Reranking was {how}: no more fits before the deadline."
    reranked = [hit for hit in result.hits if hit.explanation and has_part(hit, "rerank")]
    assert len(reranked) == (4 if how.startswith("shortened") else 0)
    assert len(result.hits) == 20


def has_part(hit: Hit, name: str) -> bool:
    return hit.explanation is not None and any(part.name == name for part in hit.explanation.parts)


def test_without_time_to_embed_words_still_answer_and_the_rest_is_named(sample_pipeline: Pipeline) -> None:
    hurried = replace(sample_pipeline, encode_cost=CostEstimate(1_000.0, weight=0))

    result = hurried.search(SearchRequest("velvet sofa"), Deadline.after(60))

    assert result.hits
    assert Stage.ENCODE not in stages_of(result)
    assert [degraded.detail for degraded in result.degraded if degraded.stage is Stage.RETRIEVE] == [
        "The dense source was left out: no time was left for it.",
        "The past_queries source was left out: no time was left for it.",
    ]


def test_when_no_source_fits_the_deadline_it_is_an_error(sample_pipeline: Pipeline) -> None:
    hurried = replace(sample_pipeline, encode_cost=CostEstimate(1_000.0, weight=0))
    only_dense = RetrievalSpec(disabled=frozenset(Source) - {Source.DENSE})

    with pytest.raises(DeadlineExceededError, match="No source could answer"):
        hurried.search(SearchRequest("sofa", retrieval=only_dense), Deadline.after(60))


def test_a_brand_gets_its_share_before_any_brand_gets_more(sample_pipeline: Pipeline) -> None:
    plain = search(sample_pipeline, SearchRequest("printer ink", page_size=ALL))
    capped = search(
        sample_pipeline,
        SearchRequest("printer ink", page_size=ALL, diversity=DiversitySpec(max_per_brand=2)),
    )

    brands = Counter(hit.product.brand for hit in plain.hits)
    within_share = sum(count if not brand else min(count, 2) for brand, count in brands.items())
    head = Counter(hit.product.brand for hit in capped.hits[:within_share] if hit.product.brand)
    assert max(Counter(hit.product.brand for hit in plain.hits[:10]).values()) > 2
    assert set(head.values()) <= {1, 2}
    assert sorted(ids(capped)) == sorted(ids(plain))


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
    assert links == ["sofa"]
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
