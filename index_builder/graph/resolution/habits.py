"""Which nodes are compared with which, and how their names are read: by kind, and values by attribute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from engine.types import EntityKind
from index_builder.graph.draft import Draft, Node
from index_builder.graph.resolution.readings import STEM, Habits, Step
from index_builder.graph.resolution.words import cut, without_legal_form
from index_builder.graph.vocabulary import Term

_WORDS = frozenset({Step.SPELLING, Step.PLURAL, Step.TABLE})
_LOOSE = frozenset(
    {Step.GENERIC, Step.KEY_WORD, Step.GLOSS, Step.ACRONYM, Step.INITIALS, Step.ORDER, Step.TYPO, Step.EXTRA}
)
_STEPS: Mapping[EntityKind, frozenset[Step]] = {
    EntityKind.BRAND: frozenset({Step.SPELLING, Step.TABLE, Step.LEGAL, Step.INITIALS, Step.TYPO}),
    EntityKind.CATEGORY: _WORDS | {Step.TYPO, Step.GLOSS, Step.ACRONYM},
    EntityKind.COLOR: _WORDS | _LOOSE,
    EntityKind.MATERIAL: _WORDS | _LOOSE,
    EntityKind.ATTRIBUTE_VALUE: _WORDS | _LOOSE | {Step.UNIT, Step.BRAND},
    EntityKind.COMPATIBLE_TARGET: frozenset({Step.SPELLING, Step.BRAND}),
    EntityKind.SERIES: frozenset({Step.SPELLING, Step.BRAND}),
    EntityKind.MODEL: frozenset({Step.BRAND}),
    EntityKind.AUDIENCE: _WORDS | _LOOSE,
    EntityKind.OCCASION: _WORDS | _LOOSE,
}
"""Names of models and lines are codes: one letter more is another thing, so nothing loose is tried there."""
_STEMS = {
    EntityKind.COLOR: frozenset({"colou", "color"}),
    EntityKind.MATERIAL: frozenset({"mater"}),
}
_MIN_NAMES, _NAME_SHARE = 50, 0.5

_OF_A_BRAND = frozenset({EntityKind.SERIES, EntityKind.MODEL})
_NAMED_APART = frozenset({EntityKind.SIZE, EntityKind.CAPACITY})
"""Their names are canonical from the start: whoever read them converted the units."""

Space = tuple[EntityKind, str]
"""A kind, and the attribute of values, the brand (IRI) of lines and models, the predicate of all others."""


def spaces_of(draft: Draft) -> dict[Space, list[Node]]:
    """Nodes that may mean the same, sorted by IRI: those of one kind and predicate (what products fit is not
    what they are part of), values of one attribute, lines and models of one brand ("Premium" of two brands
    are two lines). Paths of categories are left alone: where they lie is what they mean.
    """
    owners = {
        edge.subject: edge.object
        for edge in sorted(draft.edges)
        if edge.predicate is Term.BRAND and edge.object in draft.nodes
    }
    found: defaultdict[Space, list[Node]] = defaultdict(list)
    for iri in sorted(draft.nodes):
        node = draft.nodes[iri]
        if node.kind is EntityKind.ATTRIBUTE_VALUE:
            found[node.kind, node.attribute].append(node)
        elif node.kind in _OF_A_BRAND:
            found[node.kind, owners.get(iri, "")].append(node)
        elif node.kind not in _NAMED_APART and (node.kind is not EntityKind.CATEGORY or node.attribute):
            found[node.kind, node.predicate].append(node)
    return {space: nodes for space, nodes in found.items() if len(nodes) > 1}


def habits_of(space: Space, nodes: Sequence[Node], brands: Mapping[str, Sequence[tuple[str, ...]]]) -> Habits:
    """How names are read in a space. An attribute that gives most products a value of their own is read like
    models.
    """
    kind, attribute = space
    steps = _STEPS[kind]
    if kind is EntityKind.ATTRIBUTE_VALUE and _are_names_of_products(nodes):
        steps = _STEPS[EntityKind.MODEL]
    stems = _STEMS.get(kind, frozenset())
    if kind is EntityKind.ATTRIBUTE_VALUE:
        words = cut(attribute.replace("_", " "))
        stems = frozenset(word[:STEM] for word in words if len(word) >= STEM)
    return Habits(steps, brands, stems)


def brand_words(draft: Draft) -> dict[str, list[tuple[str, ...]]]:
    """The words of every brand's name, by the first of them, the longest first."""
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for node in draft.of_kind(EntityKind.BRAND):
        for words in map(cut, node.names):
            if words:
                found[words[0]].update({words, without_legal_form(words)})
    return {first: sorted(names, key=lambda each: (-len(each), each)) for first, names in found.items()}


def names_of(node: Node) -> list[str]:
    """What a node is called: its label as written, then its other names, sorted. Names that it hardly has
    (below .9) are left out.
    """
    label = node.label
    return [
        label,
        *sorted(name for name, sure in node.names.items() if sure >= 0.9 and name != label.casefold()),
    ]


def _are_names_of_products(nodes: Sequence[Node]) -> bool:
    """Most products have a value of their own: model names and numbers."""
    stated = sum(len(node.rows) for node in nodes)
    return len(nodes) >= _MIN_NAMES and len(nodes) > _NAME_SHARE * stated
