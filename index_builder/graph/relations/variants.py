"""Groups products that are one product in several colours, sizes, capacities, packs or languages.

Blocking is exact: products meet under a key made of brand, type, compatibility statement and title template
(see `axes`), so that nothing is compared pair by pair. A second pass masks whole model numbers and asks for
the same attribute values instead ("FB6602 cable 2 m", "FB6605 cable 5 m").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from engine.text import has_cjk, normalise
from engine.types import EntityKind, Product
from index_builder.graph.attributes import Role, role_of, texts_of
from index_builder.graph.draft import Draft
from index_builder.graph.lexicon import default_lexicon
from index_builder.graph.relations.axes import Axis, TitleReader, TitleShape
from index_builder.graph.vocabulary import node_iri

SAME_TITLE_CONFIDENCE = 0.9
SAME_VALUES_CONFIDENCE = 0.75
MIN_WORDS = 2
"""A template of fewer words says too little: "red mug" and "blue mug" may be two makers' mugs."""
MIN_VALUES = 3
"""Attribute values that products of different model numbers have to share, all of them."""


@dataclass(frozen=True, slots=True)
class VariantGroup:
    """`rows` ascend; `axes` are those along which the members differ; `iri` names the schema:ProductGroup."""

    iri: str
    name: str
    rows: tuple[int, ...]
    axes: tuple[Axis, ...]
    confidence: float


def find_variants(draft: Draft, products: Sequence[Product]) -> list[VariantGroup]:
    """Groups by first row; a product is in one at most."""
    reader = TitleReader(_color_names(draft))
    statements = [_compatibility(product) for product in products]
    groups = _by_title(draft, products, reader, statements)
    grouped = {row for group in groups for row in group.rows}
    rest = [row for row in range(len(products)) if row not in grouped]
    groups += _by_values(draft, products, reader, statements, rest)
    return sorted(groups, key=lambda group: group.rows)


def group_of(groups: Sequence[VariantGroup]) -> dict[int, int]:
    """Index of its group, by row."""
    return {row: index for index, group in enumerate(groups) for row in group.rows}


def _by_title(
    draft: Draft, products: Sequence[Product], reader: TitleReader, statements: Sequence[str]
) -> list[VariantGroup]:
    blocks: defaultdict[Hashable, dict[int, TitleShape]] = defaultdict(dict)
    for row, product in enumerate(products):
        shape = reader.read(product.title)
        if shape.values and _says_enough(shape):
            key = (normalise(product.brand), draft.types[row], statements[row], shape.template)
            blocks[key][row] = shape
    return _groups(blocks, products, SAME_TITLE_CONFIDENCE)


def _by_values(
    draft: Draft,
    products: Sequence[Product],
    reader: TitleReader,
    statements: Sequence[str],
    rows: Sequence[int],
) -> list[VariantGroup]:
    values = _values_of_rows(draft, len(products))
    blocks: defaultdict[Hashable, dict[int, TitleShape]] = defaultdict(dict)
    for row in rows:
        shape = reader.read(products[row].title, mask_models=True)
        differs = {axis for axis, _ in shape.values} - {Axis.MODEL}
        if differs and len(values[row]) >= MIN_VALUES:
            brand = normalise(products[row].brand)
            key = (brand, draft.types[row], statements[row], shape.template, tuple(values[row]))
            blocks[key][row] = shape
    return [
        group for group in _groups(blocks, products, SAME_VALUES_CONFIDENCE) if set(group.axes) - {Axis.MODEL}
    ]


def _groups(
    blocks: defaultdict[Hashable, dict[int, TitleShape]], products: Sequence[Product], confidence: float
) -> list[VariantGroup]:
    groups = []
    for shapes in blocks.values():
        axes = _differing(list(shapes.values()))
        if axes:
            first = next(iter(shapes))
            template = shapes[first].template
            iri = node_iri("group", normalise(products[first].brand), template, products[first].id)
            groups.append(VariantGroup(iri, " ".join(shapes[first].words), tuple(shapes), axes, confidence))
    return groups


def _differing(shapes: Sequence[TitleShape]) -> tuple[Axis, ...]:
    """Axes on which the members do not all say the same."""
    found = []
    for axis in Axis:
        said = {tuple(value for each, value in shape.values if each is axis) for shape in shapes}
        if len(said) > 1:
            found.append(axis)
    return tuple(found)


def _says_enough(shape: TitleShape) -> bool:
    """Two words, or two Chinese characters, have to be left of a title."""
    words = shape.words
    return len(words) >= MIN_WORDS or any(has_cjk(word) and len(word) >= MIN_WORDS for word in words)


def _values_of_rows(draft: Draft, total: int) -> list[list[str]]:
    """The attribute values of each product, sorted; sizes and the like are in titles, colours are apart."""
    values: list[list[str]] = [[] for _ in range(total)]
    for iri in sorted(node.iri for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE)):
        for row in draft.nodes[iri].rows:
            values[row].append(iri)
    return values


def _compatibility(product: Product) -> str:
    """What a product says it fits: things that fit different devices are no variants of each other."""
    stated = (
        text
        for key, value in sorted(product.attributes.items())
        if role_of(key) is Role.COMPATIBILITY
        for text in texts_of(value)
    )
    return normalise(" | ".join(stated))


def _color_names(draft: Draft) -> set[str]:
    names = {name for node in draft.of_kind(EntityKind.COLOR) for name in node.names}
    return names.union(*(each.names() for each in default_lexicon().colors.values()))
