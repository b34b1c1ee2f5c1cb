"""Exact duplicates: the same id, or the same content under another id. The first one stays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields

from engine.types import Product, ProductId
from index_builder.quality.verdicts import RejectedRowError
from index_builder.sources.rows import Problem

_CONTENT = tuple(part.name for part in fields(Product) if part.name != "id")


@dataclass(slots=True)
class SeenProducts:
    """`replaced` leads from the id of each dropped copy to the id of the product that says the same."""

    replaced: dict[ProductId, ProductId] = field(default_factory=dict)
    _places: dict[ProductId, tuple[str, bytes]] = field(default_factory=dict)
    _first_with: dict[bytes, ProductId] = field(default_factory=dict)

    def admit(self, product: Product, place: str) -> None:
        """Raises RejectedRowError when the product is known already. `place` says where it was found."""
        content = content_digest(product)
        if product.id in self._places:
            first_place, first_content = self._places[product.id]
            if content == first_content:
                raise RejectedRowError(Problem.DUPLICATE_ROW, f"the same row stands at {first_place}")
            raise RejectedRowError(
                Problem.DUPLICATE_ID, f"{product.id} is also the id of another product at {first_place}"
            )
        self._places[product.id] = (place, content)
        twin = self._first_with.setdefault(content, product.id)
        if twin != product.id:
            self.replaced[product.id] = twin
            raise RejectedRowError(
                Problem.DUPLICATE_CONTENT, f"{twin} at {self._places[twin][0]} is the same but for the id"
            )


def content_digest(product: Product) -> bytes:
    """128 bits of everything but the id (attributes in order of their keys)."""
    values = [getattr(product, name) for name in _CONTENT[:-1]]
    values.append(sorted(product.attributes.items()))
    return hashlib.blake2b(repr(values).encode(), digest_size=16).digest()
