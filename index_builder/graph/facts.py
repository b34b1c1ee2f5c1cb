"""Reads a catalogue's fields into a draft graph: brands, categories, types, colours, materials, targets, ...

Numbers stay in the catalogue's columns, where filters read them; an attribute that is true becomes a value
node named after its key ("touchscreen"). Nothing here guesses: what titles say is read by
`index_builder.graph.text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from engine.text import normalise, singular
from engine.types import AttributeValue, EntityKind, Product
from index_builder.graph.attributes import Role, key_phrase, role_of, values_of
from index_builder.graph.compatibility import targets_of
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.lexicon import Lexicon, Synonyms, default_lexicon
from index_builder.graph.vocabulary import SourceGraph, Term

TYPE_SPACE = "type"
MAX_CATEGORY_DEPTH = 10
_SUFFIX = re.compile(r"\s*(?:\.com|,? (?:inc|ltd|llc|gmbh|corp|co|s\.a)\.?)$", re.IGNORECASE)


def extract(products: Sequence[Product], lexicon: Lexicon | None = None) -> Draft:
    """Everything the products state, as a draft; row i is product i."""
    reader = _Reader(lexicon or default_lexicon())
    for row, product in enumerate(products):
        reader.read(row, product)
    return reader.draft


class _Reader:
    def __init__(self, lexicon: Lexicon) -> None:
        self.draft = Draft()
        self._lexicon = lexicon
        self._roles: dict[str, Role] = {}

    def read(self, row: int, product: Product) -> None:
        self.draft.types.append("")
        if product.brand:
            self._brand(row, product.brand)
        self._category(row, product.category)
        for key, value in product.attributes.items():
            role = self._roles.get(key) or self._roles.setdefault(key, role_of(key))
            if role is Role.VALUE:
                self._value(row, key, value)
            elif role is Role.COLOR:
                self._shared(row, EntityKind.COLOR, key, value)
            elif role is Role.MATERIAL:
                self._shared(row, EntityKind.MATERIAL, key, value)
            elif role is Role.PRODUCT_TYPE:
                for text in values_of(value):
                    self._type(row, text)
            elif role is Role.COMPATIBILITY:
                self._targets(row, key, value)

    def _brand(self, row: int, brand: str) -> None:
        name = normalise(brand)
        node = self.draft.node(EntityKind.BRAND, name, relation="brand", predicate=Term.BRAND)
        node.state(row, brand)
        node.answer_to(name, 1.0)
        node.answer_to(_SUFFIX.sub("", brand), 0.95)

    def _category(self, row: int, path: Sequence[str]) -> None:
        names = tuple(name for part in path[:MAX_CATEGORY_DEPTH] if (name := normalise(part)))
        nodes = []
        for depth in range(1, len(names) + 1):
            node = self.draft.node(
                EntityKind.CATEGORY, *names[:depth], relation="category", predicate=Term.CATEGORY
            )
            node.spellings[path[depth - 1]] += 1
            node.answer_to(names[depth - 1], 1.0)
            nodes.append(node)
        for broader, narrower in pairwise(nodes):
            self.draft.edges.add(Edge(narrower.iri, Term.BROADER, broader.iri, SourceGraph.CATALOGUE))
        if nodes:
            nodes[-1].rows.append(row)

    def _type(self, row: int, text: str) -> Node:
        name = normalise(text)
        single = " ".join(singular(word) for word in name.split())
        synonyms = self._lexicon.types.get(name) or self._lexicon.types.get(single)
        node = self.draft.node(
            EntityKind.CATEGORY,
            synonyms.preferred if synonyms else single,
            space=TYPE_SPACE,
            relation="type",
            predicate=Term.CATEGORY,
            attribute="product_type",
        )
        node.state(row, text)
        node.answer_to(name, 1.0)
        _name_all(node, synonyms)
        self.draft.types[row] = self.draft.types[row] or node.iri
        return node

    def _shared(self, row: int, kind: EntityKind, key: str, value: AttributeValue) -> None:
        """Colours and materials: one node for one meaning, whichever attribute states it."""
        table = self._lexicon.colors if kind is EntityKind.COLOR else self._lexicon.materials
        term = Term.COLOR if kind is EntityKind.COLOR else Term.MATERIAL
        for text in values_of(value, split_slash=True):
            name = normalise(text)
            synonyms = table.get(name)
            preferred = synonyms.preferred if synonyms else name
            node = self.draft.node(kind, preferred, relation=kind.value, predicate=term, attribute=key)
            node.state(row, text)
            node.answer_to(name, 1.0)
            _name_all(node, synonyms)
            base = next((table[word] for word in reversed(name.split()) if word in table), None)
            if base is not None and base.preferred != preferred:
                broader = self.draft.node(
                    kind, base.preferred, relation=kind.value, predicate=term, attribute=key
                )
                broader.answer_to(base.preferred, 1.0)
                _name_all(broader, base)
                self.draft.edges.add(Edge(node.iri, Term.BROADER, broader.iri, SourceGraph.INFERENCE))

    def _value(self, row: int, key: str, value: AttributeValue) -> None:
        if value is True:
            names: tuple[str, ...] = (key_phrase(key),)
        elif isinstance(value, str | tuple):
            names = tuple(values_of(value))
        else:
            return
        for text in names:
            node = self.draft.node(
                EntityKind.ATTRIBUTE_VALUE,
                key,
                normalise(text),
                space="value",
                relation=key_phrase(key),
                predicate=Term.ADDITIONAL_PROPERTY,
                attribute=key,
            )
            node.state(row, text)
            node.answer_to(text, 1.0)

    def _targets(self, row: int, key: str, value: AttributeValue) -> None:
        for text in targets_of(value):
            node = self.draft.node(
                EntityKind.COMPATIBLE_TARGET,
                normalise(text),
                space="target",
                relation="fits",
                predicate=Term.ACCESSORY_FOR,
                attribute=key,
            )
            node.state(row, text)
            node.answer_to(text, 1.0)


def _name_all(node: Node, synonyms: Synonyms | None) -> None:
    """Every name of a meaning; those that the catalogue itself uses are surer already."""
    if synonyms is not None and any(name not in node.names for name in synonyms.names()):
        for name in synonyms.names():
            node.answer_to(name, 0.9)
