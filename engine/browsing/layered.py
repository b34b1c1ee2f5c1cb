"""The statements of a generation's graph with those of live products over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.browsing.live_statements import LiveStatements
from engine.browsing.source import EvidenceLine, GraphSource
from engine.graph_values import NameOf, Statement, TermKind
from engine.types import Entity, FloatArray, RowArray


@dataclass(frozen=True, slots=True)
class LayeredSource:
    """Fits `GraphSource`. Entities, and what is said between them, are the generation's; products hang on
    them as they are now.
    """

    base: GraphSource
    live: LiveStatements

    def place(self, iri: str) -> int | None:
        return self.base.place(iri)

    def entity(self, place: int) -> Entity:
        return replace(self.base.entity(place), product_count=len(self.hanging(place)[0]))

    def names(self, place: int) -> Sequence[NameOf]:
        return self.base.names(place)

    def relation(self, place: int) -> str:
        return self.base.relation(place)

    def named(self, text: str) -> Sequence[int]:
        """Of equally sure ones, those with most products in the generation first."""
        return self.base.named(text)

    def hanging(self, place: int) -> tuple[RowArray, FloatArray]:
        overlay = self.live.overlay
        rows, sure = self.base.hanging(place)
        slots, beside = self.live.hanging.on(self.base.entity(place), overlay.size)
        rows, sure = np.concatenate([rows, slots]), np.concatenate([sure, beside])
        alive = overlay.alive[rows]
        return rows[alive], sure[alive]

    def evidence(self, row: int) -> Sequence[EvidenceLine]:
        """None of slots: their texts are read by names alone."""
        return self.base.evidence(row) if row < self.live.overlay.base else ()

    def known(self, iri: str) -> bool:
        return self.base.known(iri) and not self.live.replaced(iri)

    def starting_at(self, iri: str, limit: int) -> Sequence[Statement]:
        if self.live.replaced(iri):
            return self.live.of(iri)[:limit]
        return self._standing(self.base.starting_at(iri, limit))

    def ending_at(
        self, iri: str, limit: int, *, predicate: str = "", without: str = ""
    ) -> Sequence[Statement]:
        """Those of live products end at entities, where the products hang."""
        return self._standing(self.base.ending_at(iri, limit, predicate=predicate, without=without))

    def between(self, subject: str, target: str) -> Sequence[Statement]:
        if self.live.replaced(subject):
            return [each for each in self.live.of(subject) if each.object.value == target]
        return self._standing(self.base.between(subject, target))

    def label(self, iri: str) -> str:
        return self.base.label(iri)

    def _standing(self, statements: Iterable[Statement]) -> list[Statement]:
        """Without those that hold no more."""
        return [each for each in statements if not self._replaced(each)]

    def _replaced(self, statement: Statement) -> bool:
        thing = statement.object
        return self.live.replaced(statement.subject) or (
            thing.kind is TermKind.IRI and self.live.replaced(thing.value)
        )
