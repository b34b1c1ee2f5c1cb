"""Reads a shop's order lines: which products were in one basket.

A file (TSV, CSV, Parquet or JSONL, gzipped or not) has one line for each product of an order, with the
columns `order_id` and `product_id`, and, when known, `date` (ISO 8601), `quantity` and `status`. Lines of
cancelled orders (by status, or by a quantity of zero or less) are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from engine.errors import DataError
from engine.text import normalise
from engine.types import Product, ProductId
from index_builder.sources.readers import read_rows
from index_builder.sources.rows import BadRow, RawRow

REQUIRED = ("order_id", "product_id")
OPTIONAL = ("date", "quantity", "status")
MAX_AGE_DAYS = 730
"""What shoppers bought together two years ago says little about today's shop."""
_CANCELLED = frozenset(
    {"cancelled", "canceled", "cancellation", "returned", "refunded", "refund", "void", "voided"}
    | {"已取消", "取消", "退货", "退款", "已退款"}
)


@dataclass(frozen=True, slots=True)
class OrderLine:
    order_id: str
    product_id: ProductId
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Baskets:
    """`rows[i]` are the products of one order, ascending, at least two. The counts say what was left out:
    lines of products that the catalogue does not have, orders that were too old, orders of one product.
    """

    rows: tuple[tuple[int, ...], ...]
    unknown_lines: int = 0
    expired_orders: int = 0
    single_orders: int = 0


def read_orders(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[OrderLine]:
    """The lines that were bought, in the order of the file.

    `columns` names the file's own columns where they differ: {"order_id": "InvoiceNo"}. Raises DataError with
    file and line for a line that cannot be used, so that no order is silently half read.
    """
    names = {key: (columns or {}).get(key, key) for key in (*REQUIRED, *OPTIONAL)}
    for row in read_rows(path):
        if isinstance(row, BadRow):
            raise DataError(row.path, f"{row.reason}. Correct or remove that line.", line=row.line)
        _refuse_missing(row, names)
        if not _is_cancelled(row, names):
            order, product = (_identifier(row, names[key]) for key in REQUIRED)
            yield OrderLine(order, ProductId(product), _date(row, names["date"]))


def read_baskets(
    path: Path,
    products: Sequence[Product],
    *,
    columns: Mapping[str, str] | None = None,
    max_age_days: int = MAX_AGE_DAYS,
) -> Baskets:
    """The baskets of an order file. Raises DataError as `read_orders` does."""
    return baskets_of(read_orders(path, columns), products, max_age_days=max_age_days)


def baskets_of(
    lines: Iterable[OrderLine], products: Sequence[Product], *, max_age_days: int = MAX_AGE_DAYS
) -> Baskets:
    """Orders of two products or more. Dated orders more than `max_age_days` before the newest expire."""
    places = {product.id: row for row, product in enumerate(products)}
    orders: dict[str, set[int]] = {}
    dates: dict[str, date] = {}
    unknown = 0
    for line in lines:
        if line.date is not None:
            dates[line.order_id] = max(line.date, dates.get(line.order_id, line.date))
        row = places.get(line.product_id)
        if row is None:
            unknown += 1
        else:
            orders.setdefault(line.order_id, set()).add(row)
    limit = max(dates.values(), default=date.min)
    oldest = limit - timedelta(days=max_age_days) if dates and max_age_days < limit.toordinal() else date.min
    fresh = {order: rows for order, rows in orders.items() if dates.get(order, limit) >= oldest}
    kept = [tuple(sorted(rows)) for _, rows in sorted(fresh.items()) if len(rows) > 1]
    return Baskets(tuple(kept), unknown, len(orders) - len(fresh), len(fresh) - len(kept))


def _refuse_missing(row: RawRow, names: Mapping[str, str]) -> None:
    missing = [names[key] for key in REQUIRED if names[key] not in row.values]
    if missing:
        there = ", ".join(sorted(row.values)[:10])
        problem = f"there is no column {missing[0]!r} among {there}. Rename the column that holds it."
        raise DataError(row.path, problem, line=row.line)


def _identifier(row: RawRow, name: str) -> str:
    value = row.values[name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    if not text:
        raise DataError(row.path, f"the column {name!r} is empty. Fill it or remove the line.", line=row.line)
    return text


def _is_cancelled(row: RawRow, names: Mapping[str, str]) -> bool:
    status = row.values.get(names["status"])
    if isinstance(status, str) and normalise(status) in _CANCELLED:
        return True
    quantity = row.values.get(names["quantity"])
    if quantity is None or quantity == "":
        return False
    try:
        number = float(quantity)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        problem = f"the quantity {str(quantity)[:40]!r} is not a number. Write it as 3 or 1.5."
        raise DataError(row.path, problem, line=row.line)
    return number <= 0


def _date(row: RawRow, name: str) -> date | None:
    value = row.values.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError as error:
        problem = f"the date {str(value)[:40]!r} is not ISO 8601. Write it as 2026-01-31."
        raise DataError(row.path, problem, line=row.line) from error
