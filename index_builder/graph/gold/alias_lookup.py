"""Finds the meaning of a name in a draft, or in what a built generation holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from engine.backends.graph_tables import GraphTables
from engine.text import normalise
from engine.types import EntityKind
from index_builder.graph.attributes import Role, role_of
from index_builder.graph.compatibility import targets_of
from index_builder.graph.draft import Draft
from index_builder.graph.gold.aliases import Side, SideKind
from index_builder.graph.resolution.measures import with_one_unit
from index_builder.graph.vocabulary import Term

_KIND_OF_ROLE: Mapping[Role, EntityKind] = {
    Role.COLOR: EntityKind.COLOR,
    Role.MATERIAL: EntityKind.MATERIAL,
    Role.PRODUCT_TYPE: EntityKind.CATEGORY,
    Role.COMPATIBILITY: EntityKind.COMPATIBLE_TARGET,
}
_SURE = 0.5
"""Names below this confidence are guesses (a model number without its line) and do not count."""


class NameLookup:
    """Entities by name, of a kind and of an attribute; those that skos:exactMatch ties together are one."""

    def __init__(
        self, named: Iterable[tuple[str, EntityKind, str, str, float]], ties: Iterable[tuple[str, str]]
    ) -> None:
        """`named` are (IRI, kind, attribute, name in normal form, confidence), `ties` pairs of IRIs."""
        found: defaultdict[tuple[EntityKind, str, str], list[tuple[float, str]]] = defaultdict(list)
        anywhere: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for iri, kind, attribute, name, confidence in named:
            if confidence >= _SURE:
                key = attribute if kind is EntityKind.ATTRIBUTE_VALUE else ""
                found[kind, key, name].append((-confidence, iri))
                anywhere[name].append((-confidence, iri))
        self._found = {key: min(named)[1] for key, named in found.items()}
        self._anywhere = {name: min(named)[1] for name, named in anywhere.items()}
        self._meaning: dict[str, str] = {}
        for one, two in sorted(ties):
            first, second = sorted((self._of(one), self._of(two)))
            if first != second:
                self._meaning[second] = first

    @classmethod
    def of_draft(cls, draft: Draft) -> NameLookup:
        return cls(
            (
                (node.iri, node.kind, node.attribute, name, confidence)
                for node in draft.nodes.values()
                for name, confidence in node.names.items()
            ),
            (
                (edge.subject, edge.object)
                for edge in draft.edges
                if edge.predicate is Term.EXACT_MATCH and {edge.subject, edge.object} <= draft.nodes.keys()
            ),
        )

    @classmethod
    def of_tables(cls, tables: GraphTables, ties: Sequence[tuple[str, str]]) -> NameLookup:
        """`ties` are the skos:exactMatch statements of the store, as (subject, object)."""
        known = {entity.iri for entity in tables.entities}
        entities = tables.entities
        return cls(
            (
                (
                    entities[name.entity].iri,
                    entities[name.entity].kind,
                    entities[name.entity].attribute,
                    name.text,
                    name.confidence,
                )
                for name in tables.names
            ),
            ((one, two) for one, two in ties if one in known and two in known),
        )

    def __call__(self, side: Side) -> str | None:
        """A name in a title may be that of any entity; a quantity is looked up in its canonical unit."""
        texts = [normalise(side.text)]
        if side.kind is SideKind.TITLE:
            measured = with_one_unit(side.text)
            texts[:0] = [normalise(measured)] if measured else []
            found = next((self._anywhere[text] for text in texts if text in self._anywhere), None)
            return self._of(found) if found else None
        kind, attribute = _place(side)
        if kind is EntityKind.COMPATIBLE_TARGET:
            texts += [normalise(target) for target in targets_of(side.text)[:1]]
        found = next(
            (self._found[kind, attribute, text] for text in texts if (kind, attribute, text) in self._found),
            None,
        )
        return self._of(found) if found else None

    def _of(self, iri: str) -> str:
        while (better := self._meaning.get(iri, iri)) != iri:
            iri = better
        return iri


def _place(side: Side) -> tuple[EntityKind, str]:
    if side.kind is SideKind.BRAND:
        return EntityKind.BRAND, ""
    kind = _KIND_OF_ROLE.get(role_of(side.attribute), EntityKind.ATTRIBUTE_VALUE)
    return kind, side.attribute if kind is EntityKind.ATTRIBUTE_VALUE else ""
