"""What browsing needs of a generation; `engine.backends` fit these by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.graph_values import NameOf, Statement
from engine.types import Entity, FloatArray, Product, RowArray


class EvidenceLine(Protocol):
    """Characters `[start, end)` of a product's `field` name the entity at a place."""

    @property
    def entity(self) -> int: ...
    @property
    def field(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def extractor(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def relation(self) -> str: ...


class GraphSource(Protocol):
    """The statements of one graph. Entities are known by their place in its tables."""

    def place(self, iri: str) -> int | None: ...

    def entity(self, place: int) -> Entity: ...

    def names(self, place: int) -> Sequence[NameOf]:
        """The surest first."""
        ...

    def relation(self, place: int) -> str:
        """How products are tied to the entity ("color")."""
        ...

    def named(self, text: str) -> Sequence[int]:
        """Entities that answer to a text, the surest and then those with most products first."""
        ...

    def hanging(self, place: int) -> tuple[RowArray, FloatArray]:
        """Rows of products on the entity or a narrower one, ascending, and how sure each is."""
        ...

    def evidence(self, row: int) -> Sequence[EvidenceLine]:
        """What was read in a product's texts, by place in them."""
        ...

    def known(self, iri: str) -> bool:
        """Whether any statement begins or ends at it; False for what is no IRI."""
        ...

    def starting_at(self, iri: str, limit: int) -> Sequence[Statement]: ...

    def ending_at(
        self, iri: str, limit: int, *, predicate: str = "", without: str = ""
    ) -> Sequence[Statement]:
        """Of one predicate, when it is not empty; never of rdf:type. Those whose subject begins like
        `without` may be left out.
        """
        ...

    def between(self, subject: str, target: str) -> Sequence[Statement]: ...

    def label(self, iri: str) -> str:
        """A label of any node, "" where it has none."""
        ...


class ProductSource(Protocol):
    """The products of the same generation, by row and id."""

    def row_of(self, product_id: str) -> int | None: ...

    def products(self, rows: Sequence[int]) -> list[Product]: ...
