"""What lark could not read, said so that whoever wrote the filter can mend it."""

from __future__ import annotations

import re

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from engine.errors import FilterSyntaxError

_WORD = re.compile(r"""[^\s()"=!<>:,*]+""")
_LAST_WORD = re.compile(r"""([!<>]?=|[<>:(]|[^\s=<>:(]+)\s*\Z""")
_BAD_ESCAPE = re.compile(r"""\\(?!["'\\nt])""")
_QUOTES = ('"', "'")
_SHOWN = 30
"""Characters of a word that the message repeats."""


def syntax_error(text: str, error: UnexpectedInput) -> FilterSyntaxError:
    position = error.pos_in_stream
    if position is None or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        position = len(text)
    if text.startswith('."', position):
        return _bad_text(text, position + 1)
    if text.startswith(_QUOTES, position) and isinstance(error, UnexpectedCharacters):
        return _bad_text(text, position)
    expected = _expected(error)
    problem = f"expected {_wanted(expected, _before(text, position))}, found {_found(text, position)}"
    return FilterSyntaxError(text, position, f"{problem}{_hint(text, position, expected)}.")


def _bad_text(text: str, opening: int) -> FilterSyntaxError:
    quote = text[opening]
    at = opening + 1
    while at < len(text) and text[at] != quote:
        if _BAD_ESCAPE.match(text, at):
            return FilterSyntaxError(
                text, at, r"a backslash stands only before \ \" ' n or t; write \\ for a backslash."
            )
        at += 2 if text[at] == "\\" else 1
    return FilterSyntaxError(text, opening, f"the {quote} that opens here is never closed.")


def _expected(error: UnexpectedInput) -> set[str]:
    if isinstance(error, UnexpectedToken):
        return error.accepts or error.expected
    allowed = set(getattr(error, "allowed", None) or ())
    return allowed - {
        "RPAR",
        "$END",
    }  # the lexer can not tell which of the two fits the brackets so far


def _wanted(expected: set[str], before: str) -> str:
    if "FIELD" in expected:
        return f"a field name{before}"
    if "OPERATOR" in expected:
        return f"= != < <= > >= or :{before}"
    if "TEXT" in expected:
        return f"a value{before}"
    if "RPAR" in expected:
        return "AND, OR or )"
    return "AND, OR or the end" if "$END" in expected else "AND or OR"


def _before(text: str, position: int) -> str:
    last = _LAST_WORD.search(text, max(0, position - 2 * _SHOWN), position)
    return f" after {last[1][-_SHOWN:]}" if last else ""


def _found(text: str, position: int) -> str:
    if position >= len(text):
        return "the end of the filter"
    word = _WORD.match(text, position)
    return word.group()[:_SHOWN] if word else text[position]


def _hint(text: str, position: int, expected: set[str]) -> str:
    found = _found(text, position)
    if found in ("and", "or", "not"):
        return " (keywords are written in capitals)"
    if found == "*":
        return ' (* stands only alone after :, as in brand:*; write "*" for the sign itself)'
    if found == ".":
        return ' (a key that is not a plain word goes in quotes: attributes."max speed")'
    if position == len(text) or found == ")":
        return ""
    if "_AND" in expected:
        return " (a value of several words or with signs goes in quotes)"
    if "OPERATOR" in expected:
        return " (words to search for go in query, not in filter)"
    return ""
