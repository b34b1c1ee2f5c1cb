"""The columns of a few products that change often: made field by field, when a search names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.backends.column_tables import field_tables, kinds_of
from engine.backends.columns import ColumnStore, StoredColumn
from engine.backends.product_fields import ATTRIBUTE_PREFIX, attribute_kind
from engine.types import ColumnKind, Product


class LiveColumns:
    """Fits the stages' `Part`. Row k is `products[k]`; `kinds` are those of the base, which fields keep, as
    in `column_tables`. Making one costs nothing, asking for a field one pass over the products.
    """

    def __init__(self, products: Sequence[Product], kinds: Mapping[str, ColumnKind]) -> None:
        self._products = products
        self._kinds = kinds
        self._columns: dict[str, StoredColumn] = {}

    def __len__(self) -> int:
        return len(self._products)

    def names(self) -> Sequence[str]:
        return sorted(kinds_of(self._products, self._kinds))

    def field(self, name: str) -> StoredColumn | None:
        column = self._columns.get(name)
        if column is None:
            kind = self._kinds.get(name) or self._new_kind(name)
            if kind is not None:
                column = ColumnStore(field_tables(self._products, name, kind), len(self)).field(name)
            if column is not None:
                column = self._columns.setdefault(name, column)
        return column

    def _new_kind(self, name: str) -> ColumnKind | None:
        """That of an attribute which the base does not have; None where no product has a value."""
        key = name.removeprefix(ATTRIBUTE_PREFIX)
        if key == name:
            return None
        values = (product.attributes[key] for product in self._products if key in product.attributes)
        kinds = {kind for kind in map(attribute_kind, values) if kind is not None}
        return ColumnKind.TEXT if len(kinds) > 1 else next(iter(kinds), None)
