"""Prices as shops write them, read as money."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.types import Money
from index_builder.quality.verdicts import RejectedRowError, Warn, shown
from index_builder.sources.mapping import Price, PriceUnit
from index_builder.sources.rows import Problem

NO_CURRENCY = "XXX"
"""ISO 4217's code for an amount whose currency is not known."""

_SYMBOLS = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₫": "VND",
    "zł": "PLN",
}
_AMOUNT = re.compile(r"[+-]?[0-9][0-9.,'\s]*(?:[eE][+-]?[0-9]{1,3})?|[+-]?\.[0-9]+")


def read_price(value: Any, currency: Any, rules: Price, warn: Warn) -> Money | None:
    """An amount in major units. Zero means unknown; negative, non-numeric and absurd amounts are refused."""
    if isinstance(value, dict):
        currency = currency or value.get("currency_code") or value.get("currency")
        value = value.get("amount", value.get("value"))
    if value is None:
        return None
    amount, sign = _amount(value)
    if rules.unit is PriceUnit.CENTS:
        amount /= 100
    if amount < 0:
        raise RejectedRowError(Problem.BAD_PRICE, f"the price is negative ({shown(value)})")
    if amount > rules.maximum:
        reason = f"the price ({shown(value)}) is above {rules.maximum:,}, the mapping's price.maximum"
        raise RejectedRowError(Problem.BAD_PRICE, reason)
    amount = _rounded(amount)
    if amount == 0:
        warn(Problem.ZERO_PRICE, "the price is zero and is taken as unknown")
        return None
    return Money(_currency(currency, sign, rules, warn), amount)


def _amount(value: Any) -> tuple[Decimal, str]:
    """The amount, and the currency that was written beside it ("" when none)."""
    try:
        is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
        amount, sign = (Decimal(str(value)), "") if is_number else _written_amount(str(value))
    except (InvalidOperation, ValueError):
        raise RejectedRowError(Problem.BAD_PRICE, f"the price is not a number ({shown(value)})") from None
    if not amount.is_finite():
        raise RejectedRowError(Problem.BAD_PRICE, f"the price is not a finite number ({shown(value)})")
    return amount, sign


def _written_amount(text: str) -> tuple[Decimal, str]:
    bare = text.strip()
    found = _AMOUNT.search(bare)
    if found is None:
        return Decimal(bare), ""  # "NaN", "Infinity", or not a number at all
    before, after = bare[: found.start()].strip(), bare[found.end() :].strip()
    if before in {"-", "−"}:
        return -Decimal(_with_point(found.group())), _sign(after)
    if before and after:
        raise ValueError(text)
    return Decimal(_with_point(found.group())), _sign(before or after)


def _sign(written: str) -> str:
    bare = written.rstrip(".")
    if bare and not (bare in _SYMBOLS or re.fullmatch("[A-Z]{3}", bare)):
        raise ValueError(written)
    return _SYMBOLS.get(bare, bare)


def _with_point(digits: str) -> str:
    """`1.299,00`, `1,299.00`, `1 299,00` and `1299` as Decimal reads them. A lone `1,299` is thousands."""
    bare = re.sub(r"['\s]", "", digits)
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0:
        return bare
    mark = bare[last]
    tail = len(bare) - last - 1
    both = "." in bare and "," in bare
    if bare.count(mark) > 1 or (mark == "," and tail == 3 and not both):
        return re.sub("[.,]", "", bare)
    return f"{re.sub('[.,]', '', bare[:last])}.{bare[last + 1 :]}"


def _rounded(amount: Decimal) -> Decimal:
    """At most six decimals, at least two, so that equal prices look equal in every format."""
    exact = round(amount, 6).normalize()
    exponent = exact.as_tuple().exponent
    return exact.quantize(Decimal("0.01")) if isinstance(exponent, int) and exponent > -2 else exact


def _currency(stated: Any, sign: str, rules: Price, warn: Warn) -> str:
    text = stated.strip() if isinstance(stated, str) else ""
    code = _SYMBOLS.get(text, text.upper()) or sign or rules.currency
    if re.fullmatch("[A-Z]{3}", code):
        return code
    warn(
        Problem.UNKNOWN_CURRENCY,
        f"the currency is not known ({text or 'none given'}); {NO_CURRENCY} stands for it",
    )
    return NO_CURRENCY
