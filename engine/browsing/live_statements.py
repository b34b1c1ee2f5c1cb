"""What live products say in the words of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.browsing.relations import PREDICATE_OF, PRODUCT, SCHEMA, TYPE, product_id_of, product_iri
from engine.graph_values import Statement, Term, TermKind
from engine.live.graph import Hanging
from engine.live.overlay import Overlay
from engine.product_texts import names_of
from engine.text import language_of
from engine.types import Product

LIVE_GRAPH = "urn:cartograph:graph:live"
"""The named graph of all that live products say; a build has none of it."""
_NAME, _SKU = f"{SCHEMA}name", f"{SCHEMA}sku"
_TEXT = "http://www.w3.org/2001/XMLSchema#string"
_TEXT_IN_A_LANGUAGE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"


@dataclass(frozen=True, slots=True)
class LiveStatements:
    """Of one state of the live changes. A product in a slot says what it says now. What the generation says
    of it, or of another product to it, holds no more: that was read from other words.
    """

    overlay: Overlay
    hanging: Hanging

    @property
    def version(self) -> int:
        """Grows with every change of a statement, and with no other: 0 while there is none. It counts slots
        that were taken and rows that were left.
        """
        return self.overlay.slots + self.overlay.size - int(np.count_nonzero(self.overlay.alive))

    def products(self) -> Iterator[tuple[str, int | None]]:
        """Ids of those of which the generation's statements hold no more, or that it does not know, each with
        its slot, None for one that was deleted.
        """
        return (each for each in self.overlay.rows.items() if self._left(each[1]))

    def node(self, product_id: str) -> str:
        return product_iri(product_id)

    def replaced(self, iri: str) -> bool:
        """Whether what the generation says of a node holds no more."""
        product_id = product_id_of(iri)
        return product_id is not None and self._left(self.overlay.rows.get(product_id, 0))

    def of(self, iri: str) -> tuple[Statement, ...]:
        """Those that begin at a product in a slot; none begin elsewhere."""
        row = self.overlay.rows.get(product_id_of(iri) or "")
        if row is None or row < self.overlay.base:
            return ()
        product = self.overlay.entries[row].product
        linked = self.hanging.stated(row)
        return (
            *(Statement(iri, predicate, thing, LIVE_GRAPH) for predicate, thing in _of_itself(product)),
            *(
                Statement(iri, PREDICATE_OF[entity.kind], Term(TermKind.IRI, entity.iri), LIVE_GRAPH, sure)
                for entity, sure in linked.items()
            ),
        )

    def _left(self, row: int | None) -> bool:
        return row is None or row >= self.overlay.base


def _of_itself(product: Product) -> Iterator[tuple[str, Term]]:
    yield TYPE, Term(TermKind.IRI, PRODUCT)
    for name in names_of(product):
        yield _NAME, _text(name)
    yield _SKU, Term(TermKind.LITERAL, product.id, "", _TEXT)


def _text(text: str) -> Term:
    language = language_of(text)
    return Term(TermKind.LITERAL, text, language, _TEXT_IN_A_LANGUAGE if language else _TEXT)
