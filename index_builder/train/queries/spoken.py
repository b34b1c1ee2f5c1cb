"""Which composed queries a shopper would write, in which words, and the shortest ones: brands alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.backends.graph_tables import GraphTables
from engine.text import normalise, singular, tokens
from engine.types import EntityKind, Product
from index_builder.graph.compose import MAX_ROWS, ComposedQuery
from index_builder.graph.facets import Facet
from index_builder.train.queries.amounts import without_amounts
from index_builder.train.queries.look_alikes import BRAND, LookAlikes

_LISTED = re.compile(r"[,;()/]|\s(?:&|\+|and)\s")
"""Signs of a name that a taxonomy gave: "Mice, Trackballs & Pens" is on no shopper's mind."""
_BRACKET = re.compile(r"[,;()]")
_MAX_WORDS = 7
_MAX_CHARACTERS = 60
_MIN_SHARE = 0.06
"""Of the titles that say a one-word type, those that are of it: below, the word is seldom a type."""
_MIN_LEFT = 0.1
_MIN_BRAND_PRODUCTS = 3


def spoken(
    composed: Sequence[ComposedQuery], products: Sequence[Product], tables: GraphTables, likes: LookAlikes
) -> list[ComposedQuery]:
    """Without queries that are too long, and those whose type is a word that is hardly ever one ("wall"). A
    type that is a list ("printers, copiers & fax machines") is called by that of its other names which most
    titles of the query's products say; the query is left out where there is none, or the text there already.
    All of them where hardly any would be left.
    """
    types = {facet.entity: facet for facets in likes.facets for facet in (*facets.types, *facets.categories)}
    rare = {entity for entity in types if _is_rarely_a_type(entity, products, tables, likes)}
    listed = {entity: facet for entity, facet in types.items() if _LISTED.search(facet.text)}
    said = {query.text for query in composed}
    kept = []
    for query in composed:
        asked = _with_plain_type(query, listed, likes)
        if asked is None or rare.intersection(query.entities) or not _is_plain(asked.text):
            continue
        if asked is query or asked.text not in said:
            said.add(asked.text)
            kept.append(asked)
    return kept if len(kept) >= _MIN_LEFT * len(composed) else list(composed)


def brand_queries(likes: LookAlikes, composed: Sequence[ComposedQuery]) -> list[ComposedQuery]:
    """One for each brand of a few products, unless its name is composed already."""
    said = {query.text for query in composed}
    brands = {
        brand.text: brand.entity for facets in likes.facets for brand in facets.of(EntityKind.BRAND)[:1]
    }
    queries = []
    for text, entity in sorted(brands.items()):
        rows = likes.rows_of(entity)
        if len(rows) >= _MIN_BRAND_PRODUCTS and text not in said and _is_plain(text):
            shortest = sorted(rows.tolist(), key=lambda row: (len(likes.titles.of[row]), row))
            best = np.asarray(shortest[:MAX_ROWS], np.int64)
            queries.append(ComposedQuery(text, best, len(rows), BRAND, (entity,)))
    return queries


def _is_plain(text: str) -> bool:
    return len(text) <= _MAX_CHARACTERS and len(text.split()) <= _MAX_WORDS and not _BRACKET.search(text)


def _with_plain_type(
    query: ComposedQuery, listed: Mapping[int, Facet], likes: LookAlikes
) -> ComposedQuery | None:
    """The query itself when it names no list, and None when the list has no name that the titles say."""
    lists = [
        listed[entity] for entity in query.entities if entity in listed and listed[entity].text in query.text
    ]
    if not lists:
        return query
    name = _most_said(lists[0], query, likes)
    return replace(query, text=query.text.replace(lists[0].text, name)) if name else None


def _most_said(kind: Facet, query: ComposedQuery, likes: LookAlikes) -> str:
    """By at least half of the titles; "" when there is none."""
    best, most = "", len(query.rows) / 2
    for name in kind.synonyms:
        words = {singular(word) for word in tokens(name)}
        count = sum(words <= likes.titles.of[row] for row in query.rows.tolist())
        if count >= most and not _LISTED.search(name) and (count > most or not best):
            best, most = name, count
    return best


def _is_rarely_a_type(
    entity: int, products: Sequence[Product], tables: GraphTables, likes: LookAlikes
) -> bool:
    """Whether few of the titles that say the word, other than behind a number (6 pc), are of the type."""
    label = normalise(tables.entities[entity].label)
    if " " in label:
        return False
    word, typed = singular(label), set(likes.rows_of(entity).tolist())
    saying = likes.titles.saying([word]).tolist()
    if not saying or sum(row in typed for row in saying) >= _MIN_SHARE * len(saying):
        return False
    saying = [row for row in saying if word in map(singular, tokens(without_amounts(products[row].title)))]
    return 0 < sum(row in typed for row in saying) < _MIN_SHARE * len(saying)
