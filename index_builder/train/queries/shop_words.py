"""What has to be known of a shop's words to write its queries the way shoppers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.backends.graph_tables import GraphTables
from engine.text import has_cjk, normalise, singular, tokens
from engine.types import EntityKind, Product
from index_builder.graph.compose import MIN_CHINESE_SHARE


@dataclass(frozen=True, slots=True)
class ShopWords:
    """`counts` of every word of the catalogue; `types` are the words, singular, of all names of product
    types; `brands` their names; `chinese` names of types by their other names, none where the shop
    writes no Chinese.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    types: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    chinese: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, products: Sequence[Product], tables: GraphTables) -> ShopWords:
        kinds = {place for place, each in enumerate(tables.entities) if each.kind is EntityKind.CATEGORY}
        brands = {normalise(each.label) for each in tables.entities if each.kind is EntityKind.BRAND}
        names: dict[int, list[str]] = {place: [normalise(tables.entities[place].label)] for place in kinds}
        for name in tables.names:
            if name.entity in kinds:
                names[name.entity].append(normalise(name.text))
        said = sum(
            has_cjk(f"{product.title} {product.attributes.get('title_zh', '')}") for product in products
        )
        return cls(
            tables.words,
            frozenset(singular(word) for every in names.values() for name in every for word in tokens(name)),
            frozenset(brands),
            _chinese(names) if said >= MIN_CHINESE_SHARE * len(products) else {},
        )


def _chinese(names: Mapping[int, Sequence[str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for place in sorted(names):
        chinese = next((name for name in names[place] if has_cjk(name)), "")
        for name in names[place]:
            if chinese and not has_cjk(name):
                found.setdefault(name, chinese)
    return found
