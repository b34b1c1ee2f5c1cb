"""The names that a catalogue states in its own fields, those of loaded ontologies, and the shipped lexicons,
as entries of a gazetteer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from engine.text import has_cjk, normalise, singular
from engine.types import EntityKind, Product
from index_builder.graph.attributes import Role, role_of
from index_builder.graph.draft import Draft, Node
from index_builder.graph.evidence import Label
from index_builder.graph.lexicon import default_lexicon
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.taxonomy import Taxonomy
from index_builder.graph.text.gazetteer import Entry
from index_builder.graph.text.lexicons import text_lexicons
from index_builder.graph.vocabulary import ROOT, SourceGraph

SERIES_KEYS = frozenset(
    {
        "series", "product_series", "product_line", "model_series", "collection",
        "brand_series", "sub_brand", "系列", "产品系列", "商品系列",
    }
)  # fmt: skip
TYPE_IRI = f"{ROOT}type:"
_KINDS = {
    EntityKind.BRAND: Label.BRAND,
    EntityKind.COLOR: Label.COLOR,
    EntityKind.MATERIAL: Label.MATERIAL,
}
_STATED_SERIES, _LEXICON, _ONTOLOGY = 0.9, 0.9, 0.8
_FEW, _DOUBTFUL = 3, 0.4
"""A colour or material of fewer products is believed only of those that state it."""
_MEASURED = re.compile(r"^[\d\s.,x/-]+$")
_NAMED_NUMBER = re.compile(r"(?=.*\d)(?=.*[^\W\d_])")
_KEY_LABELS = {"target gender": Label.AUDIENCE, "age group": Label.AUDIENCE, "occasion": Label.OCCASION}


def draft_entries(draft: Draft, products: Sequence[Product]) -> Iterator[Entry]:
    """Names of nodes. A brand's are there twice: for its own products, and for all others."""
    for node in draft.nodes.values():
        if node.iri.startswith(TYPE_IRI) or node.kind is EntityKind.CATEGORY:
            if node.source == SourceGraph.CATALOGUE:
                yield from _named(node, Label.TYPE)
        elif node.kind in _KINDS:
            yield from _named(node, _KINDS[node.kind])
        elif node.kind is EntityKind.ATTRIBUTE_VALUE and normalise(node.attribute) in SERIES_KEYS:
            for brand in sorted({normalise(products[row].brand) for row in node.rows} - {""}):
                yield from (Entry(name, Label.SERIES, _STATED_SERIES, brand) for name in sorted(node.names))


def target_entries(draft: Draft) -> Iterator[Entry]:
    """What products say they fit, with and without the brand that opens the name; only names with a number,
    since the others are words of every day.
    """
    brands = sorted(name for node in draft.of_kind(EntityKind.BRAND) for name in node.names)
    openings = {brand.split()[0]: brand for brand in reversed(brands)}
    for node in draft.of_kind(EntityKind.COMPATIBLE_TARGET):
        for name in sorted(node.names):
            brand = openings.get(name.split()[0], "")
            bare = name.removeprefix(f"{brand} ") if brand else name
            for each in dict.fromkeys((name, bare)):
                if len(each) > 3 and _NAMED_NUMBER.search(each) and _MEASURED.match(each) is None:
                    yield Entry(each, Label.TARGET, node.names[name])


def lexicon_entries() -> Iterator[Entry]:
    """Colours, materials and types of the synonym table; audiences and occasions."""
    shipped = default_lexicon()
    tables: tuple[tuple[Label, Mapping[str, object]], ...] = (
        (Label.COLOR, shipped.colors),
        (Label.MATERIAL, shipped.materials),
        (Label.TYPE, shipped.types),
        (Label.AUDIENCE, text_lexicons().audiences),
        (Label.OCCASION, text_lexicons().occasions),
    )
    for label, table in tables:
        for name in table:
            yield from _both_numbers(name, label, _LEXICON)


def ontology_entries(ontologies: Sequence[Ontology]) -> Iterator[Entry]:
    """Concepts are types; the values of a taxonomy's colour, material, gender, age and occasion attributes
    are those.
    """
    for ontology in ontologies:
        for concept in ontology.concepts:
            for name in concept.names():
                yield from _both_numbers(normalise(name), Label.TYPE, _ONTOLOGY)
        if isinstance(ontology, Taxonomy):
            for attribute in ontology.attributes:
                label = _label_of_key(attribute.name)
                for place in attribute.values if label else ():
                    name = normalise(ontology.values[place].name)
                    if label and name != "other":
                        yield from _both_numbers(name, label, _ONTOLOGY)


def _label_of_key(key: str) -> Label | None:
    roles = {Role.COLOR: Label.COLOR, Role.MATERIAL: Label.MATERIAL}
    return roles.get(role_of(key)) or _KEY_LABELS.get(normalise(key))


def _named(node: Node, label: Label) -> Iterator[Entry]:
    for name, confidence in sorted(node.names.items()):
        if label is Label.BRAND:
            yield Entry(name, label, confidence)
            for own in node.spellings:
                yield Entry(name, label, confidence, normalise(own))
        elif label is Label.TYPE:
            yield from _both_numbers(name, label, confidence)
        elif _MEASURED.match(name) is None and (len(name) > 1 or has_cjk(name)):
            yield Entry(name, label, confidence if len(node.rows) >= _FEW else _DOUBTFUL)


def _both_numbers(name: str, label: Label, confidence: float) -> Iterator[Entry]:
    """A name, and for types its singular or regular plural. One-letter names say nothing."""
    if len(name) < 2 and not has_cjk(name):
        return
    yield Entry(name, label, confidence)
    if label is Label.TYPE and not has_cjk(name):
        *before, last = name.split()
        single = singular(last)
        other = single if single != last else f"{last}s"
        yield Entry(" ".join([*before, other]), label, confidence)
