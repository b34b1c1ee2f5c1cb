"""A filter as a tree of frozen values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
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
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Presence:
    """`field:*`: true for products that have a value."""

    field: str
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    term: Node


@dataclass(frozen=True, slots=True)
class And:
    """True when all are; without terms it is true for every product."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when one is; without terms it is true for none."""

    terms: tuple[Node, ...]


Node: TypeAlias = Comparison | Presence | Not | And | Or
EVERYTHING = And(())
