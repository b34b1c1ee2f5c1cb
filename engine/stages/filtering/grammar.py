r"""The grammar of filters: a subset of AIP-160 (https://google.aip.dev/160), read by lark.

    brand = "HP" AND price < 200 AND NOT attributes.color:"black"

OR binds tighter than AND, as AIP-160 has it: `a = 1 AND b = 2 OR c = 3` reads `a = 1 AND (b = 2 OR c = 3)`.
NOT (or a leading `-`) binds tighter than both. Keywords are written in capitals. A value is a text in double
or single quotes (escapes: \\ \" \' \n \t) or one bare word; an attribute key that is not a plain word is
quoted: `attributes."max speed"`.

Left out of AIP-160: bare words that search every field and sequences of terms without AND (a shopper's words
go in `query`), wildcards inside texts, functions, a field on the right of an operator.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedInput

from engine.errors import FilterSyntaxError, InvalidArgumentError
from engine.stages.filtering.nodes import EVERYTHING, And, Comparison, Node, Not, Operator, Or, Presence
from engine.stages.filtering.problems import syntax_error

MAX_LENGTH = 4_000
MAX_DEPTH = 30
MAX_TERMS = 200

_NOT_IN_WORDS = r"""\s()"=!<>:,"""
_NO_KEYWORD = rf"(?!(?:AND|OR|NOT)(?![^'{_NOT_IN_WORDS}]))"
_DOUBLE_QUOTED = r""""(?:[^"\\]|\\["'\\nt])*\""""
_SINGLE_QUOTED = r"""'(?:[^'\\]|\\["'\\nt])*'"""

_KEY = rf"(?:\.(?:[^{_NOT_IN_WORDS}.]+|{_DOUBLE_QUOTED}))*"

_GRAMMAR = rf"""
start: _all_of?
_all_of: _any_of | all_of
all_of: _any_of (_AND _any_of)+
_any_of: _term | any_of
any_of: _term (_OR _term)+
_term: negation | _simple
negation: (_NOT | _MINUS) _simple
_simple: group | comparison | presence
group: "(" _all_of ")"
comparison: FIELD (OPERATOR | HAS) (TEXT | WORD)
presence: FIELD HAS _ANY

_AND.3: /AND(?![^'{_NOT_IN_WORDS}])/
_OR.3: /OR(?![^'{_NOT_IN_WORDS}])/
_NOT.3: /NOT(?![^'{_NOT_IN_WORDS}])/
_MINUS.2: "-"
_ANY.2: /\*(?![^\s()])/
OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">"
HAS: ":"
TEXT: /{_DOUBLE_QUOTED}|{_SINGLE_QUOTED}/
FIELD.1: /{_NO_KEYWORD}[^{_NOT_IN_WORDS}'.*-][^{_NOT_IN_WORDS}.]*{_KEY}/
WORD: /{_NO_KEYWORD}[^{_NOT_IN_WORDS}'*][^{_NOT_IN_WORDS}*]*/

%ignore /\s+/
"""

_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t"}
_QUOTED_KEY = re.compile(_DOUBLE_QUOTED)


class _Part(NamedTuple):
    """A filter with its depth (parentheses and negations) and its number of comparisons."""

    node: Node
    depth: int
    terms: int


@lru_cache(maxsize=1_024)
def parse(text: str) -> Node:
    """Blank text is EVERYTHING. Shops send the same filters again and again: the last 1,024 are kept.

    FilterSyntaxError points at the first character that does not fit; InvalidArgumentError("filter") when
    the text is longer than MAX_LENGTH characters, nests deeper than MAX_DEPTH (parentheses and negations) or
    compares more than MAX_TERMS times.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidArgumentError(
            "filter", f"The filter has {len(text):,} characters; at most {MAX_LENGTH:,} are read."
        )
    _refuse_surrogates(text)
    try:
        return cast("Node", _parser().parse(text))  # the transformer makes the node; lark's stub says Tree
    except UnexpectedInput as error:
        raise syntax_error(text, error) from None


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", transformer=_Build(), propagate_positions=False)


class _Build(Transformer[Token, Node]):
    """Makes the tree while lark reads, so that no part of it is ever deeper than MAX_DEPTH."""

    def start(self, parts: list[_Part]) -> Node:
        return parts[0].node if parts else EVERYTHING

    def all_of(self, parts: list[_Part]) -> _Part:
        return _join(And(tuple(part.node for part in parts)), parts)

    def any_of(self, parts: list[_Part]) -> _Part:
        return _join(Or(tuple(part.node for part in parts)), parts)

    def negation(self, parts: list[_Part]) -> _Part:
        return _nested(Not(parts[0].node), parts[0])

    def group(self, parts: list[_Part]) -> _Part:
        return _nested(parts[0].node, parts[0])

    def comparison(self, tokens: list[Token]) -> _Part:
        name, operator, value = tokens
        literal = _unquote(value) if value.type == "TEXT" else str(value)
        return _Part(Comparison(_bare(name), Operator(str(operator)), literal, name.start_pos or 0), 0, 1)

    def presence(self, tokens: list[Token]) -> _Part:
        return _Part(Presence(_bare(tokens[0]), tokens[0].start_pos or 0), 0, 1)


def _join(node: Node, parts: list[_Part]) -> _Part:
    terms = sum(part.terms for part in parts)
    if terms > MAX_TERMS:
        raise InvalidArgumentError(
            "filter", f"The filter compares {terms} times; at most {MAX_TERMS} are read."
        )
    return _Part(node, max(part.depth for part in parts), terms)


def _nested(node: Node, part: _Part) -> _Part:
    if part.depth == MAX_DEPTH:
        raise InvalidArgumentError("filter", f"The filter nests deeper than {MAX_DEPTH} levels.")
    return _Part(node, part.depth + 1, part.terms)


def _unquote(quoted: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), quoted[1:-1])


def _bare(name: str) -> str:
    return _QUOTED_KEY.sub(lambda quoted: _unquote(quoted.group()), name) if '"' in name else str(name)


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        readable = text.encode(errors="replace").decode()
        raise FilterSyntaxError(
            readable, error.start, "this is half of a character (a lone surrogate)."
        ) from None
