"""What one statement ties to a node, page by page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from engine.browsing.nodes import Nodes, Subject
from engine.browsing.relations import PRODUCT_PREFIX, TYPE, product_id_of
from engine.graph_values import Neighbour, NeighbourPage, NeighboursRequest, Statement, TermKind
from engine.paging import PageToken, place_of
from engine.types import FloatArray, RowArray

MAX_READ = 5_000
"""Statements that are read around a node, of each side, beside those of the posting lists."""


@dataclass(frozen=True, slots=True)
class ListNeighbours:
    """Answers from one generation."""

    nodes: Nodes
    generation_id: str

    def __call__(self, request: NeighboursRequest) -> NeighbourPage:
        """Raises NotFoundError for an unknown node, InvalidArgumentError or StalePageTokenError for a token.

        Neighbours come by relation, the surest first; products that hang on an entity come after them.
        """
        subject = self.nodes.find(request.iri)
        start = place_of(request.page_token, self.generation_id, _fingerprint(request))
        stated = self._stated(subject, request)
        rows, sure = self._hanging(subject, request)
        end = start + request.page_size
        first = max(0, start - len(stated))
        last = min(len(rows), max(0, end - len(stated)))
        total = len(stated) + len(rows)
        return NeighbourPage(
            neighbours=(
                *(tie.neighbour(self.nodes) for tie in stated[start:end]),
                *(self._product(subject, int(rows[at]), float(sure[at])) for at in range(first, last)),
            ),
            next_page_token=PageToken(self.generation_id, _fingerprint(request), end).encode()
            if end < total
            else "",
            total_size=total,
            generation_id=self.generation_id,
        )

    def _stated(self, subject: Subject, request: NeighboursRequest) -> list[_Tie]:
        found: list[_Tie] = []
        graph, iri = self.nodes.graph, subject.node.iri
        if request.outgoing is not False:
            outgoing = graph.starting_at(iri, MAX_READ)
            found += [
                self._tie(each, each.object.value, outgoing=True)
                for each in outgoing
                if each.object.kind is TermKind.IRI and each.predicate != TYPE
            ]
        if request.outgoing is not True:
            hanging = PRODUCT_PREFIX if subject.place is not None else ""  # they are in the posting lists
            incoming = graph.ending_at(iri, MAX_READ, without=hanging)
            found += [
                self._tie(each, each.subject, outgoing=False)
                for each in incoming
                if not self._hangs(subject, each)
            ]
        wanted = request.relation.strip().lower()
        return sorted((tie for tie in found if wanted in ("", tie.relation.lower())), key=_Tie.order)

    def _hanging(self, subject: Subject, request: NeighboursRequest) -> tuple[RowArray, FloatArray]:
        """Rows and confidences of products on an entity, the surest first; none where they are not asked."""
        none = np.empty(0, np.int64), np.empty(0, np.float32)
        if subject.place is None or request.outgoing is True:
            return none
        wanted = request.relation.strip().lower()
        if wanted not in ("", self.nodes.graph.relation(subject.place).lower()):
            return none
        rows, sure = self.nodes.graph.hanging(subject.place)
        order = np.lexsort((rows, -sure))
        return rows[order], sure[order]

    def _hangs(self, subject: Subject, statement: Statement) -> bool:
        """Whether the statement's product is among those of the posting lists."""
        if subject.place is None or product_id_of(statement.subject) is None:
            return False
        rows, _ = self.nodes.graph.hanging(subject.place)
        row = self.nodes.row(statement.subject)
        return row is None or bool(np.isin(row, rows))

    def _tie(self, statement: Statement, iri: str, *, outgoing: bool) -> _Tie:
        place = self.nodes.graph.place(iri)
        return _Tie(
            iri,
            self.nodes.relation(statement, outgoing=outgoing),
            outgoing,
            statement.source,
            self.nodes.confidence(statement),
            0 if place is None else self.nodes.graph.entity(place).product_count,
        )

    def _product(self, subject: Subject, row: int, sure: float) -> Neighbour:
        node = self.nodes.product(row)
        stated = self.nodes.graph.between(node.iri, subject.node.iri)
        relation = "" if subject.place is None else self.nodes.graph.relation(subject.place)
        return Neighbour(node, relation, False, stated[0].source if stated else "", sure)


@dataclass(frozen=True, slots=True)
class _Tie:
    """A neighbour whose label was not looked up yet: only those on the page are."""

    iri: str
    relation: str
    outgoing: bool
    source: str
    confidence: float
    product_count: int

    def order(self) -> tuple[str, bool, float, int, str, str]:
        return (
            self.relation,
            not self.outgoing,
            -self.confidence,
            -self.product_count,
            self.iri,
            self.source,
        )

    def neighbour(self, nodes: Nodes) -> Neighbour:
        return Neighbour(nodes.node(self.iri), self.relation, self.outgoing, self.source, self.confidence)


def _fingerprint(request: NeighboursRequest) -> str:
    """Of every field that shapes the list; the same in every process."""
    fields = (request.iri, request.relation.strip().lower(), request.outgoing)
    return hashlib.sha256(repr(fields).encode()).hexdigest()[:16]
