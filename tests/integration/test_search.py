"""What a search returns: filters, pages, facets, orders and shares, on the built sample."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from engine.pipeline import Pipeline
from engine.request import (
    DiversitySpec,
    RetrievalSpec,
    SearchRequest,
    Source,
)
from tests.integration.searching import ALL, NO_RERANK, colors_of, ids, price_of, search
from tests.small_shop import SAMPLE

BLACK_AND_CHEAP = 'attributes.color = "black" AND price < 50'


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
