"""What the graph says of each product, as short names to build queries and training pairs from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.backends.graph_tables import GraphTables
from engine.text import has_cjk, normalise
from engine.types import EntityKind
from index_builder.graph.vocabulary import ROOT

_BRACKETS = re.compile(r"\s*\([^)]*\)")
_TYPE_IRI = f"{ROOT}type:"
MAX_VALUES = 12
"""Attribute values kept of one product, those that most products share."""
MAX_TARGETS = 6


@dataclass(frozen=True, slots=True)
class Facet:
    """An entity by its place in the graph's tables; `text` is how a shopper writes it, `chinese` "" where
    there is no Chinese name, `synonyms` are other names in the script of `text`.
    """

    entity: int
    kind: EntityKind
    text: str
    chinese: str
    synonyms: tuple[str, ...]
    count: int


@dataclass(slots=True)
class ProductFacets:
    """`types` from the narrowest to the broadest; `categories` only the leaf."""

    types: list[Facet] = field(default_factory=list)
    categories: list[Facet] = field(default_factory=list)
    others: dict[EntityKind, list[Facet]] = field(default_factory=dict)

    def of(self, kind: EntityKind) -> Sequence[Facet]:
        return self.others.get(kind, ())

    def first(self, kind: EntityKind) -> Facet | None:
        found = self.of(kind)
        return found[0] if found else None


def facets_of(tables: GraphTables) -> list[ProductFacets]:
    """One for each product, by row. The narrowest category stands in for the type of a product without."""
    products = [ProductFacets() for _ in range(tables.product_total)]
    for facet in _facets(tables):
        is_type = tables.entities[facet.entity].iri.startswith(_TYPE_IRI)
        for row in tables.products(facet.entity).tolist():
            product = products[row]
            if is_type:
                product.types.append(facet)
            elif facet.kind is EntityKind.CATEGORY:
                product.categories.append(facet)
            else:
                product.others.setdefault(facet.kind, []).append(facet)
    for product in products:
        _tidy(product)
    return products


def _facets(tables: GraphTables) -> list[Facet]:
    names: list[list[str]] = [[] for _ in tables.entities]
    for name in tables.names:
        names[name.entity].append(name.text)
    facets = []
    for index, entity in enumerate(tables.entities):
        label = _BRACKETS.sub("", normalise(entity.label)) or normalise(entity.label)
        chinese = label if has_cjk(label) else next((name for name in names[index] if has_cjk(name)), "")
        synonyms = [name for name in names[index] if name != label and not has_cjk(name)]
        facets.append(Facet(index, entity.kind, label, chinese, tuple(synonyms), entity.product_count))
    return facets


def _tidy(product: ProductFacets) -> None:
    product.types.sort(key=lambda facet: (facet.count, -len(facet.text), facet.entity))
    product.categories.sort(key=lambda facet: (facet.count, facet.entity))
    product.categories = product.categories[:1]
    if not product.types:
        product.types = product.categories[:]
    values = product.others.get(EntityKind.ATTRIBUTE_VALUE, [])
    values.sort(key=lambda facet: (-facet.count, facet.entity))
    del values[MAX_VALUES:]
    del product.others.get(EntityKind.COMPATIBLE_TARGET, [])[MAX_TARGETS:]
