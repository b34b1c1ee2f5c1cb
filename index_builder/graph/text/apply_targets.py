"""Puts what products fit, belong to, replace or come with into the draft, as nodes of their own.

A node has one predicate, so the thing named has one node for each relation to it: `target` for what products
fit (the nodes that compatibility fields make), `whole`, `original` and `included` for the others. The latter
are tied to the `target` of the same name by skos:exactMatch, so that whoever finds the thing by name or by
the products that bear it finds all that stands in a relation to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.text import normalise, singular
from engine.types import EntityKind, Product
from index_builder.graph.attributes import values_of
from index_builder.graph.compatibility import expand_list
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.evidence import Mention, Relation
from index_builder.graph.vocabulary import SourceGraph, Term

TARGET_SPACE = "target"
_SURE_ABOUT_A_TYPE = 0.5
"""How sure a name is read as a target when it is a type of the shop too: "notebook" is rather the type."""


@dataclass(frozen=True, slots=True)
class _Shape:
    space: str
    relation: str
    predicate: Term


_FITS = _Shape(TARGET_SPACE, "fits", Term.ACCESSORY_FOR)
_SHAPES: Mapping[Relation, _Shape] = {
    Relation.COMPATIBLE_WITH: _FITS,
    Relation.ACCESSORY_OF: _FITS,
    Relation.PART_OF: _Shape("whole", "part of", Term.PART_OF),
    Relation.VARIANT_OF: _Shape("original", "variant of", Term.VARIANT_OF),
    Relation.BUNDLE_OF: _Shape("included", "includes", Term.HAS_PART),
}


def is_fit(mention: Mention) -> bool:
    return _SHAPES[mention.relation or Relation.COMPATIBLE_WITH] is _FITS


class TargetNodes:
    """Finds or makes the nodes of targets. What products fit comes first, for the others to be tied to."""

    def __init__(self, draft: Draft, products: Sequence[Product]) -> None:
        self._draft = draft
        self._brands = [normalise(product.brand) for product in products]
        self._types = {
            name for node in draft.of_kind(EntityKind.CATEGORY) if node.attribute for name in node.names
        }
        brands = {name for node in draft.of_kind(EntityKind.BRAND) for name in node.names}
        self._known: dict[str, Node] = {}
        for node in sorted(draft.of_kind(EntityKind.COMPATIBLE_TARGET), key=lambda each: each.iri):
            if node.predicate is _FITS.predicate:
                self._known.setdefault(normalise(node.label), node)
        for name in sorted(self._known):
            first, _, rest = name.partition(" ")
            if rest and first in brands:
                self._known.setdefault(rest, self._known[name])

    def nodes(self, mention: Mention, spelling: str) -> list[Node]:
        """One node for each thing of a list; none when the name is a placeholder or says nothing."""
        shape = _SHAPES[mention.relation or Relation.COMPATIBLE_WITH]
        found = []
        for name in expand_list(" ".join(normalise(mention.name).split())):
            if next(values_of(name.replace(",", " ")), None) is None:
                continue
            single = _singular(name)
            known = self._find(single, mention)
            if shape is _FITS:
                found.append(known or self._make(single, mention, spelling))
            else:
                found.append(self._beside(known, single, shape, mention, spelling))
        return found

    def _find(self, name: str, mention: Mention) -> Node | None:
        """The one with the product's brand in front, or as it stands."""
        return self._known.get(f"{self._brands[mention.row]} {name}") or self._known.get(name)

    def _make(self, name: str, mention: Mention, spelling: str, shape: _Shape = _FITS) -> Node:
        node = self._draft.node(
            EntityKind.COMPATIBLE_TARGET,
            name,
            space=shape.space,
            relation=shape.relation,
            predicate=shape.predicate,
        )
        if not node.names:
            node.source = SourceGraph.TEXT_RELATIONS
            node.spellings[" ".join(spelling.split()) if normalise(spelling) == name else name] += 1
            node.answer_to(name, _SURE_ABOUT_A_TYPE if name in self._types else mention.confidence)
        if shape is _FITS:
            self._known[name] = node
        return node

    def _beside(self, target: Node | None, name: str, shape: _Shape, mention: Mention, spelling: str) -> Node:
        """The node of another relation, tied to the target of the same name when there is one."""
        node = self._make(normalise(target.label) if target else name, mention, spelling, shape)
        if target is not None:
            for one, two in ((node.iri, target.iri), (target.iri, node.iri)):
                self._draft.edges.add(Edge(one, Term.EXACT_MATCH, two, SourceGraph.TEXT_RELATIONS))
        return node


def _singular(name: str) -> str:
    """The last word only: "kvm switches" and "kvm switch" are one class."""
    words = name.split()
    return " ".join([*words[:-1], singular(words[-1])])
