"""Queries the way shoppers write them, put together from the graph, each with the products that answer it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.backends.graph_tables import GraphTables
from engine.text import has_cjk, normalise, singular, tokens
from engine.types import EntityKind, Product, RowArray
from index_builder.graph.facets import Facet, ProductFacets, facets_of
from index_builder.graph.text.folded import fold

MAX_ROWS = 50
DEFAULT_LIMIT = 20_000
MIN_CHINESE_SHARE = 0.01
"""Of titles, from which on queries are composed in Chinese, too."""
MIN_SPOKEN_SHARE = 0.2
"""Of an attribute value's products, that say it in title or description, for shoppers to say it, too."""

_SIZE = re.compile(
    r"(?<![\w.,])(\d{1,4}(?:[.,]\d{1,2})?)\s?(m|cm|mm|ft|inch|in|\"|l|ml|kg|g|gb|tb|w|v|sheets|pcs)(?![\w/])"
)
_SERIES = re.compile(r"^[^\W\d_]{3,}$")
_MIN_SERIES_PRODUCTS = 3

_SHARES = {
    "type": 0.10,
    "brand type": 0.20,
    "color type": 0.12,
    "value type": 0.15,
    "target type": 0.15,
    "series": 0.08,
    "size type": 0.07,
    "material type": 0.04,
    "category": 0.03,
    "color brand type": 0.06,
}
"""What part of the limit each pattern may take before the patterns that have less are served."""


@dataclass(frozen=True, slots=True)
class ComposedQuery:
    """`count` products answer it; `rows` (int64) are at most 50 of them, the most typical first.

    `entities` are the graph's entities (places in its tables) that a product must hang on, all of them.
    """

    text: str
    rows: RowArray
    count: int
    pattern: str
    entities: tuple[int, ...]


@dataclass(slots=True)
class _Draft:
    pattern: str
    entities: tuple[int, ...]
    rows: list[int] = field(default_factory=list)


def compose_queries(
    products: Sequence[Product], tables: GraphTables, *, limit: int = DEFAULT_LIMIT, seed: int = 7
) -> list[ComposedQuery]:
    """At most `limit` different queries, those with most products first within each pattern, sorted by
    text. The same catalogue, limit and seed give the same queries; the seed decides between equals.
    """
    facets = facets_of(tables)
    chinese = sum(has_cjk(product.title) for product in products) >= MIN_CHINESE_SHARE * len(products)
    drafts: dict[str, _Draft] = {}
    series = _series(products, facets)
    spoken = _spoken_values(products, facets)
    for row, product in enumerate(products):
        for pattern, text, entities in _queries(product, facets[row], series, spoken, chinese):
            draft = drafts.get(text) or drafts.setdefault(text, _Draft(pattern, entities))
            if draft.entities == entities and (not draft.rows or draft.rows[-1] != row):
                draft.rows.append(row)
    titles = [frozenset(singular(word) for word in tokens(product.title)) for product in products]
    return [
        ComposedQuery(
            text,
            _most_typical(text, drafts[text].rows, titles),
            len(drafts[text].rows),
            drafts[text].pattern,
            drafts[text].entities,
        )
        for text in sorted(_choose(drafts, limit, seed))
    ]


def _queries(
    product: Product,
    facets: ProductFacets,
    series: Mapping[str, frozenset[str]],
    spoken: frozenset[int],
    chinese: bool,
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """(pattern, text, entities) of every query that this product answers."""
    brand = facets.first(EntityKind.BRAND)
    for kind in facets.types:
        for pattern, before in _qualifiers(facets, spoken, brand):
            yield from _named(pattern, (*before, kind), chinese)
        for target in facets.of(EntityKind.COMPATIBLE_TARGET):
            yield "target type", f"{kind.text} for {target.text}", (kind.entity, target.entity)
            yield "target type", f"{target.text} {kind.text}", (kind.entity, target.entity)
        for size in _sizes(product.title):
            yield "size type", f"{kind.text} {size}", (kind.entity,)
    for category in facets.categories:
        yield "category", category.text, (category.entity,)
    if brand:
        for word in sorted(series[brand.text].intersection(_title_words(product))):
            yield "series", f"{brand.text} {word}", (brand.entity,)
            for kind in facets.types[:1]:
                yield "series", f"{brand.text} {word} {kind.text}", (brand.entity, kind.entity)


def _qualifiers(
    facets: ProductFacets, spoken: frozenset[int], brand: Facet | None
) -> Iterator[tuple[str, tuple[Facet, ...]]]:
    """What may stand before a product word, and the pattern that makes."""
    yield "type", ()
    brands = (brand,) if brand else ()
    for each in brands:
        yield "brand type", (each,)
    for color in facets.of(EntityKind.COLOR)[:2]:
        yield "color type", (color,)
        for each in brands:
            yield "color brand type", (color, each)
    for material in facets.of(EntityKind.MATERIAL)[:2]:
        yield "material type", (material,)
    for value in facets.of(EntityKind.ATTRIBUTE_VALUE):
        if value.entity in spoken:
            yield "value type", (value,)


def _named(
    pattern: str, facets: tuple[Facet, ...], chinese: bool
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """The facets one after the other; in Chinese without blanks, where the shop and all of them have it."""
    entities = tuple(facet.entity for facet in facets)
    words = " ".join(facet.text for facet in facets).split()
    if len(set(words)) == len(words) and not any(has_cjk(facet.text) for facet in facets):
        yield pattern, " ".join(words), entities
    if len(facets) == 1:
        for name in facets[0].synonyms[:2]:
            yield pattern, name, entities
    if chinese and all(facet.chinese for facet in facets):
        yield pattern, "".join(facet.chinese for facet in facets), entities


def _spoken_values(products: Sequence[Product], facets: Sequence[ProductFacets]) -> frozenset[int]:
    """Attribute values that read like an adjective of two plain words at most and that texts use as well:
    `wireless`, but not `rj-45 (8p8c)` or what only a table of specifications says.
    """
    said: defaultdict[int, int] = defaultdict(int)
    stated: defaultdict[int, int] = defaultdict(int)
    for product, found in zip(products, facets, strict=True):
        text = normalise(f"{product.title} {product.description}")
        for value in found.of(EntityKind.ATTRIBUTE_VALUE):
            words = value.text.split()
            if len(words) <= 2 and all(_SERIES.match(word) for word in words):
                stated[value.entity] += 1
                said[value.entity] += value.text in text
    return frozenset(
        value for value, count in stated.items() if count >= 3 and said[value] >= MIN_SPOKEN_SHARE * count
    )


def _sizes(title: str) -> list[str]:
    return [f"{number} {unit}" for number, unit in _SIZE.findall(normalise(title))][:2]


def _title_words(product: Product) -> list[str]:
    """The plain words that open a title after its brand: where series names stand."""
    bare = fold(product.title).text.removeprefix(fold(product.brand).text).split()
    return [word for word in bare[:3] if _SERIES.match(word)]


def _series(products: Sequence[Product], facets: Sequence[ProductFacets]) -> Mapping[str, frozenset[str]]:
    """Words that open at least three titles of one brand and of no other, and are no product word."""
    brands: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    product_words = {word for each in facets for kind in each.types for word in kind.text.split()}
    product_words |= {each.text for found in facets for each in found.of(EntityKind.COLOR)}
    for product, found in zip(products, facets, strict=True):
        brand = found.first(EntityKind.BRAND)
        if brand:
            for word in set(_title_words(product)) - product_words:
                brands[word][brand.text] += 1
    series: defaultdict[str, set[str]] = defaultdict(set)
    for word, counts in brands.items():
        (brand_text, count), *others = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count >= _MIN_SERIES_PRODUCTS and sum(other for _, other in others) * 10 <= count:
            series[brand_text].add(word)
    return defaultdict(frozenset, {brand: frozenset(words) for brand, words in series.items()})


def _choose(drafts: Mapping[str, _Draft], limit: int, seed: int) -> Iterable[str]:
    """First every pattern up to its share, then whatever has most products."""
    if len(drafts) <= limit:
        return drafts
    chance = np.random.default_rng(seed).random(len(drafts))
    ranked = sorted(
        zip(sorted(drafts), chance.tolist(), strict=True),
        key=lambda item: (-len(drafts[item[0]].rows), item[1]),
    )
    left = {pattern: int(share * limit) for pattern, share in _SHARES.items()}
    chosen: list[str] = []
    rest: list[str] = []
    for text, _ in ranked:
        pattern = drafts[text].pattern
        (chosen if left[pattern] > 0 else rest).append(text)
        left[pattern] -= 1
    return [*chosen, *rest[: limit - len(chosen)]]


def _most_typical(text: str, rows: Sequence[int], titles: Sequence[frozenset[str]]) -> RowArray:
    """Titles that say more of the query's words first, then those that say less besides, then by row."""
    said = frozenset(singular(word) for word in tokens(text))
    ranked = sorted(rows, key=lambda row: (-len(said & titles[row]), len(titles[row]), row))
    return np.asarray(ranked[:MAX_ROWS], np.int64)
