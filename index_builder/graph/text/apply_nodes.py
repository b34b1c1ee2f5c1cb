"""Finds the node of the draft that a mention names, or says how a new one is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.text import normalise, singular
from engine.types import EntityKind, Product
from index_builder.graph.draft import Draft, Node
from index_builder.graph.evidence import Extractor, Label, Mention
from index_builder.graph.facts import TYPE_SPACE
from index_builder.graph.lexicon import Lexicon, Synonyms
from index_builder.graph.vocabulary import SourceGraph, Term

SOURCE_OF = {
    Extractor.GAZETTEER: SourceGraph.GAZETTEER,
    Extractor.QUANTITY: SourceGraph.QUANTITIES,
    Extractor.TAGGER: SourceGraph.TAGGER,
    Extractor.RELATION: SourceGraph.TEXT_RELATIONS,
}
"""The named graph of each layer's statements."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How nodes of a label look. `min_products`: with fewer a new node would link nothing and is not made."""

    kind: EntityKind
    space: str
    relation: str
    predicate: Term
    attribute: str = ""
    min_products: int = 2
    by_brand: bool = False
    """Whether the name belongs to the product's brand: "Premium" of two brands are two series."""


SHAPES = {
    Label.TYPE: Shape(EntityKind.CATEGORY, TYPE_SPACE, "type", Term.CATEGORY, "product_type"),
    Label.BRAND: Shape(EntityKind.BRAND, "brand", "brand", Term.BRAND),
    Label.COLOR: Shape(EntityKind.COLOR, "color", "color", Term.COLOR, "color"),
    Label.MATERIAL: Shape(EntityKind.MATERIAL, "material", "material", Term.MATERIAL, "material"),
    Label.SERIES: Shape(EntityKind.SERIES, "series", "series", Term.SERIES, by_brand=True),
    Label.MODEL: Shape(EntityKind.MODEL, "model", "model", Term.MODEL, by_brand=True),
    Label.SIZE: Shape(EntityKind.SIZE, "size", "size", Term.SIZE),
    Label.CAPACITY: Shape(EntityKind.CAPACITY, "capacity", "capacity", Term.CAPACITY),
    Label.AUDIENCE: Shape(EntityKind.AUDIENCE, "audience", "for", Term.AUDIENCE, min_products=1),
    Label.OCCASION: Shape(EntityKind.OCCASION, "occasion", "use", Term.OCCASION, min_products=1),
}


class NodeFinder:
    """Nodes by label and name. What the synonym table knows is one node in any language."""

    def __init__(self, draft: Draft, products: Sequence[Product], lexicon: Lexicon) -> None:
        self._draft = draft
        self._products = products
        self._tables = {
            Label.TYPE: lexicon.types,
            Label.COLOR: lexicon.colors,
            Label.MATERIAL: lexicon.materials,
        }
        self._known = {label: _by_name(draft, shape) for label, shape in SHAPES.items()}

    def find(self, mention: Mention) -> Node | None:
        """The node that the catalogue, or an earlier mention, has made for it."""
        return self._known[mention.label].get(self.key(mention))

    def key(self, mention: Mention) -> str:
        """Mentions of a label with the same key mean the same."""
        name = normalise(mention.name)
        synonyms = self._synonyms(mention.label, name)
        if synonyms is not None:
            name = synonyms.preferred
        elif mention.label is Label.TYPE:
            name = " ".join(singular(word) for word in name.split())
        return f"{self.brand(mention)}\t{name}" if SHAPES[mention.label].by_brand else name

    def brand(self, mention: Mention) -> str:
        return normalise(self._products[mention.row].brand)

    def make(self, mention: Mention, spelling: str) -> Node:
        """A new node, in the named graph of the layer that read it."""
        shape = SHAPES[mention.label]
        key = self.key(mention)
        brand, _, name = key.rpartition("\t")
        names = (brand, name) if brand else (name,)
        node = self._draft.node(
            shape.kind,
            *names,
            space=shape.space,
            relation=shape.relation,
            predicate=shape.predicate,
            attribute=shape.attribute,
        )
        node.source = SOURCE_OF[mention.extractor]
        node.answer_to(name, mention.confidence)
        if brand:
            node.answer_to(f"{brand} {name}", mention.confidence)
        synonyms = self._synonyms(mention.label, normalise(mention.name))
        for other in synonyms.names() if synonyms else ():
            node.answer_to(other, min(0.9, mention.confidence))
        node.spellings[spelling] += 1
        self._known[mention.label][key] = node
        return node

    def _synonyms(self, label: Label, name: str) -> Synonyms | None:
        table = self._tables.get(label)
        return None if table is None else table.get(name)


def _by_name(draft: Draft, shape: Shape) -> dict[str, Node]:
    """The surest node of each name, the one with most products among equals."""
    fits: Callable[[Node], bool] = (
        (lambda node: bool(node.attribute)) if shape.kind is EntityKind.CATEGORY else lambda _: True
    )
    ranked = sorted(
        (-sure, -len(node.rows), node.iri, name)
        for node in draft.of_kind(shape.kind)
        if fits(node)
        for name, sure in node.names.items()
    )
    found: dict[str, Node] = {}
    for _, _, iri, name in ranked:
        found.setdefault(name, draft.nodes[iri])
    return found
