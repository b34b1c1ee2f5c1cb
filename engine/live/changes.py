"""What a shop asks to be changed, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import InvalidArgumentError, NotFoundError
from engine.types import FloatArray, Product, ProductId

EVERYTHING = "*"
ATTRIBUTES = "attributes"
_FIELD_OF_PATH: Mapping[str, str] = {
    "title": "title",
    "brand": "brand",
    "description": "description",
    "category_path": "category",
    "price": "price",
    "availability": "availability",
    "image_uri": "image_uri",
    "release_time": "released",
    ATTRIBUTES: "attributes",
}
"""Of a product, by the contract's names."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductUpsert:
    """The whole product as it shall be. `embedding`, float32 (d,), of any length but 0, is made here when it
    is None.
    """

    product: Product
    embedding: FloatArray | None = None

    @property
    def product_id(self) -> ProductId:
        return self.product.id


@dataclass(frozen=True, slots=True)
class ProductPatch:
    """Some fields of a product: those of `product` that `paths` name, as AIP-161 writes them. The path
    `attributes.KEY` is one attribute, which goes where `product` has none.
    """

    product: Product
    paths: Sequence[str]

    @property
    def product_id(self) -> ProductId:
        return self.product.id

    def applied_to(self, before: Product | None) -> Product:
        """Raises NotFoundError without a product, InvalidArgumentError for a path that names no field."""
        if before is None:
            raise NotFoundError("product", self.product_id, "UpsertProducts makes a new one.")
        if EVERYTHING in self.paths:
            return self.product
        if not self.paths:
            raise InvalidArgumentError("update_mask", "update_mask names no field; name what is to change.")
        values: dict[str, Any] = {}
        attributes = dict(before.attributes)
        for path in self.paths:
            head, dot, key = path.partition(".")
            if path in _FIELD_OF_PATH:
                field = _FIELD_OF_PATH[path]
                values[field] = getattr(self.product, field)
                if path == ATTRIBUTES:
                    attributes = dict(self.product.attributes)
            elif head == ATTRIBUTES and dot and key:
                attributes.pop(key, None)
                if key in self.product.attributes:
                    attributes[key] = self.product.attributes[key]
            else:
                raise InvalidArgumentError(
                    "update_mask",
                    f"update_mask names {path!r}; name {', '.join(_FIELD_OF_PATH)} or attributes.KEY.",
                    path=path,
                )
        return replace(before, **(values | {"attributes": attributes}))


@dataclass(frozen=True, slots=True)
class ProductDeletion:
    product_id: ProductId


ProductChange = ProductUpsert | ProductPatch | ProductDeletion


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Changes in their order. One with the same `request_id` ("" is none) as an earlier one changes nothing
    and is answered as that was.
    """

    changes: Sequence[ProductChange]
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """Of one change. `sequence` is its place in the change log, 0 when it was refused; then `reason`, `field`
    and `message` say why. `warnings` tell what of a product that was taken cannot be used.
    """

    product_id: str
    sequence: int = 0
    reason: str = ""
    field: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """`outcomes` are in the order of the request; `sequence` is that of the newest change that searches see
    now; `repeated` that the request was known already.
    """

    outcomes: tuple[ChangeOutcome, ...]
    sequence: int
    generation_id: str
    repeated: bool = False
