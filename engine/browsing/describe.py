"""What a node is, what is said of it, and what that rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.browsing.nodes import Nodes, Subject, of_entity
from engine.browsing.relations import BROADER, product_iri
from engine.browsing.source import EvidenceLine
from engine.errors import InvalidArgumentError, NotFoundError
from engine.graph_values import (
    DescribedStatement,
    DescribeRequest,
    Description,
    GraphNode,
    Statement,
    TermKind,
    TextEvidence,
)
from engine.types import EntityKind, Product

MAX_STATEMENTS = 500
MAX_NAMES = 100
MAX_STEPS = 50
"""Broader and narrower entities, each."""
MAX_OTHERS = 20
MAX_EVIDENCE = 20
"""Places in texts, for one statement."""
_MAX_NARROWER = 5_000
"""That are read to find those with most products."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Answers from one generation."""

    nodes: Nodes
    generation_id: str

    def __call__(self, request: DescribeRequest) -> Description:
        """Raises NotFoundError for an unknown node or name, InvalidArgumentError for an unknown kind."""
        subject, others = self._subject(request)
        graph, place, iri = self.nodes.graph, subject.place, subject.node.iri
        statements = graph.starting_at(iri, MAX_STATEMENTS)
        return Description(
            node=subject.node,
            names=() if place is None else tuple(graph.names(place)[:MAX_NAMES]),
            relation="" if place is None else graph.relation(place),
            broader=self._broader(statements),
            narrower=self._narrower(iri),
            statements=self._described(subject, statements),
            products=() if place is None else self._sample(place, request.sample),
            others=others,
            generation_id=self.generation_id,
        )

    def _subject(self, request: DescribeRequest) -> tuple[Subject, tuple[GraphNode, ...]]:
        if request.iri:
            return self.nodes.find(request.iri), ()
        kind = _kind(request.kind)
        entities = [(place, self.nodes.graph.entity(place)) for place in self.nodes.graph.named(request.name)]
        found = [(place, entity) for place, entity in entities if kind is None or entity.kind is kind]
        if not found:
            raise NotFoundError(
                f"{kind or 'entity'}", request.name, "LinkEntities reads a text and forgives typos."
            )
        (place, entity), *others = found
        return Subject(of_entity(entity), place=place), tuple(
            of_entity(other) for _, other in others[:MAX_OTHERS]
        )

    def _broader(self, statements: Sequence[Statement]) -> tuple[GraphNode, ...]:
        iris = [each.object.value for each in statements if each.predicate == BROADER]
        return tuple(self.nodes.node(iri) for iri in dict.fromkeys(iris[:MAX_STEPS]))

    def _narrower(self, iri: str) -> tuple[GraphNode, ...]:
        found = self.nodes.graph.ending_at(iri, _MAX_NARROWER, predicate=BROADER)
        iris = dict.fromkeys(each.subject for each in found)
        nodes = sorted(map(self.nodes.node, iris), key=lambda node: (-node.product_count, node.iri))
        return tuple(nodes[:MAX_STEPS])

    def _described(self, subject: Subject, statements: Sequence[Statement]) -> tuple[DescribedStatement, ...]:
        read = {} if subject.row is None else self._evidence(subject.row)
        found = [self._one(each, read) for each in statements]
        return tuple(sorted(found, key=lambda each: (each.relation, -each.confidence, _name(each))))

    def _one(self, statement: Statement, read: dict[int, tuple[TextEvidence, ...]]) -> DescribedStatement:
        thing = statement.object
        is_node = thing.kind is TermKind.IRI
        place = self.nodes.graph.place(thing.value) if is_node else None
        return DescribedStatement(
            relation=self.nodes.relation(statement, outgoing=True),
            predicate=statement.predicate,
            target=self.nodes.node(thing.value) if is_node else thing,
            source=statement.source,
            confidence=self.nodes.confidence(statement),
            evidence=() if place is None else read.get(place, ()),
        )

    def _sample(self, place: int, size: int) -> tuple[DescribedStatement, ...]:
        """Statements of the products that hang on the entity most surely; equals go by row."""
        rows, sure = self.nodes.graph.hanging(place)
        best = np.lexsort((rows, -sure))[:size]
        entity = self.nodes.graph.entity(place)
        found = []
        for at in best.tolist():
            row = int(rows[at])
            stated = self.nodes.graph.between(product_iri(self._product(row).id), entity.iri)
            found.append(
                DescribedStatement(
                    relation=self.nodes.graph.relation(place),
                    predicate=stated[0].predicate if stated else "",
                    target=self.nodes.product(row),
                    source=stated[0].source if stated else "",
                    confidence=float(sure[at]),
                    evidence=self._evidence(row).get(place, ()),
                )
            )
        return tuple(found)

    def _evidence(self, row: int) -> dict[int, tuple[TextEvidence, ...]]:
        """What was read in the product's texts, by entity."""
        lines = self.nodes.graph.evidence(row)
        if not lines:
            return {}
        product = self._product(row)
        found: dict[int, tuple[TextEvidence, ...]] = {}
        for line in lines:
            known = found.get(line.entity, ())
            if len(known) < MAX_EVIDENCE:
                found[line.entity] = (*known, text_evidence(line, product))
        return found

    def _product(self, row: int) -> Product:
        return self.nodes.catalog.products([row])[0]


def text_evidence(line: EvidenceLine, product: Product) -> TextEvidence:
    text = product.title if line.field == "title" else product.description
    return TextEvidence(
        line.field,
        line.start,
        line.end,
        text[line.start : line.end],
        line.label,
        line.extractor,
        line.confidence,
        line.relation,
    )


def _kind(name: str) -> EntityKind | None:
    """None for any. Raises InvalidArgumentError for what is no kind."""
    if not name:
        return None
    try:
        return EntityKind(name)
    except ValueError:
        known = ", ".join(EntityKind)
        raise InvalidArgumentError(
            "kind", f"kind is {name!r}, which no entity is; there are {known}.", kind=name
        ) from None


def _name(statement: DescribedStatement) -> str:
    target = statement.target
    return target.iri if isinstance(target, GraphNode) else target.value
