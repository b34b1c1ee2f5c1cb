"""A filter as a tree of frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    HAS = ":"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field` is a field's name with its key bare (`attributes.max speed`), `value` the literal without
    quotes. `position` is that of the field's first character, counted from 0; it does not take part in
    comparing trees.
    """

    field: str
    operator: Operator
    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Presence:
    """`field:*`: true for products that have a value."""

    field: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    term: Filter


@dataclass(frozen=True, slots=True)
class And:
    """True when all are; without terms it is true for every product."""

    terms: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when one is; without terms it is true for none."""

    terms: tuple[Filter, ...]


Filter: TypeAlias = Comparison | Presence | Not | And | Or
EVERYTHING = And(())
