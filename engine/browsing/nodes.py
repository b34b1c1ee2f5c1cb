"""Nodes as they are shown: which entity, product or concept an IRI stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.browsing.relations import product_id_of, product_iri, relation_of
from engine.browsing.source import GraphSource, ProductSource
from engine.errors import NotFoundError
from engine.graph_values import GraphNode, NodeKind, Statement, TermKind
from engine.types import Entity, Product


@dataclass(frozen=True, slots=True)
class Subject:
    """What an IRI was found to be: an entity has a `place` in the tables, a product a `row`."""

    node: GraphNode
    place: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Nodes:
    graph: GraphSource
    catalog: ProductSource

    def find(self, iri: str) -> Subject:
        """Raises NotFoundError for an IRI that the graph does not know."""
        place = self.graph.place(iri)
        if place is not None:
            return Subject(of_entity(self.graph.entity(place)), place=place)
        row = self.row(iri)
        if row is not None:
            return Subject(self.product(row), row=row)
        if not self.graph.known(iri):
            raise NotFoundError(
                "entity", iri, "DescribeEntity finds entities by name, LinkEntities those of a text."
            )
        return Subject(self._concept(iri))

    def node(self, iri: str) -> GraphNode:
        """Any node, known or not."""
        place = self.graph.place(iri)
        if place is not None:
            return of_entity(self.graph.entity(place))
        row = self.row(iri)
        return self._concept(iri) if row is None else self.product(row)

    def row(self, iri: str) -> int | None:
        """Of a product; None for an IRI that names none of this generation."""
        product_id = product_id_of(iri)
        return None if product_id is None else self.catalog.row_of(product_id)

    def product(self, row: int) -> GraphNode:
        return of_product(self.catalog.products([row])[0])

    def relation(self, statement: Statement, *, outgoing: bool) -> str:
        """Readable, as seen from the end that is not shown. What ties a product to an entity has the name
        that the catalogue gives it.
        """
        thing = statement.object
        if thing.kind is TermKind.IRI and product_id_of(statement.subject) is not None:
            place = self.graph.place(thing.value)
            if place is not None:
                return self.graph.relation(place)
        return relation_of(statement.predicate, outgoing=outgoing)

    def confidence(self, statement: Statement) -> float:
        """In (0, 1]: that of the posting list when a product hangs on an entity by the statement."""
        if statement.confidence == 1.0 and statement.object.kind is TermKind.IRI:
            place, row = self.graph.place(statement.object.value), self.row(statement.subject)
            if place is not None and row is not None:
                rows, sure = self.graph.hanging(place)
                at = int(np.searchsorted(rows, row))
                if at < len(rows) and rows[at] == row:
                    return float(sure[at])
        return statement.confidence

    def _concept(self, iri: str) -> GraphNode:
        return GraphNode(iri, self.graph.label(iri) or iri, NodeKind.CONCEPT)


def of_entity(entity: Entity) -> GraphNode:
    return GraphNode(entity.iri, entity.label, entity.kind, entity.attribute, entity.product_count)


def of_product(product: Product) -> GraphNode:
    return GraphNode(product_iri(product.id), product.title, NodeKind.PRODUCT, product_id=product.id)
