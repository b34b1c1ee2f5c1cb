"""The bounds that the contract states. Of numbers: 0 is the default, too much is cut, negative is refused;
of texts and lists: too long is refused before anything reads them.
"""

from __future__ import annotations

from engine.errors import InvalidArgumentError


def count(field: str, value: int, *, default: int, most: int) -> int:
    """Raises InvalidArgumentError for a negative value."""
    if value < 0:
        raise InvalidArgumentError(field, f"{field} is {value}; it must not be negative.", value=value)
    return min(value or default, most)


def share(field: str, value: float) -> float:
    """Raises InvalidArgumentError outside [0, 1], NaN included."""
    if not 0 <= value <= 1:
        raise InvalidArgumentError(field, f"{field} is {value:g}; it must be from 0 to 1.", value=value)
    return value


def enumerated(field: str, number: int, known: int) -> int:
    """Raises InvalidArgumentError for a number that this version of the contract does not name."""
    if not 0 <= number < known:
        raise InvalidArgumentError(
            field, f"{field} is {number}, which no value of its enum has.", value=number
        )
    return number


MAX_ID = 1_000
"""Characters of a product's or generation's id."""
MAX_TOKEN = 2_000
"""Characters of a page token; ours have some 100."""


def text(field: str, value: str, *, most: int) -> str:
    """Raises InvalidArgumentError when it has more than `most` characters."""
    if len(value) > most:
        raise InvalidArgumentError(
            field, f"{field} has {len(value):,} characters; {most:,} are the most.", length=len(value)
        )
    return value


def size(field: str, length: int, *, most: int) -> None:
    """Of a required list. Raises InvalidArgumentError when it is empty or too long."""
    if not 1 <= length <= most:
        raise InvalidArgumentError(
            field, f"{field} has {length} entries; 1 to {most} are allowed.", length=length
        )
