"""Refuses queries that may not run before a process is troubled: updates, SERVICE, too deep a nesting.

It reads SPARQL's tokens (SPARQL 1.1, section 19.8), not its grammar, so that words inside texts, IRIs, names
and comments are not taken for keywords. Oxigraph's parser asks for no gap between a keyword and what follows:
`SERVICE:x` and `ASKFROM<g>` are two tokens each to it, so keywords are looked for inside words. What this
lets through and is wrong, the parser refuses; what should slip by finds no network (see `sandbox`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import QuerySyntaxError

MAX_DEPTH = 100
"""Brackets inside brackets. The parser goes one call deeper for each, and some thousands end its process."""

_TOKEN = re.compile(
    r"""
      (?P<skip> \s++ | \#[^\n\r]*+ )
    | (?P<iri> <[^<>"{}|^`\\\x00-\x20]*+> )
    | (?P<text> "{3}(?:[^"\\]|\\.|"(?!""))*+"{3} | '{3}(?:[^'\\]|\\.|'(?!''))*+'{3}
              | "(?:[^"\\\n\r]|\\.)*+"?+ | '(?:[^'\\\n\r]|\\.)*+'?+ )
    | (?P<variable> [?$]\w++ )
    | (?P<tag> @[A-Za-z]++(?:-[A-Za-z0-9]++)*+ )
    | (?P<name> (?P<word>[^\W\d][\w.-]*+)?+ (?P<local>:(?:[\w:.-]|%[0-9A-Fa-f]{2}|\\.)*+) )
    | (?P<words> [^\W\d][\w.-]*+ )
    | (?P<open> [({\[] )
    | (?P<close> [)}\]] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Possessive throughout, so that no text takes more than a few passes."""
_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"})
_NO_SERVICE = "SERVICE asks another server; a query may read this graph only (and no prefix be called so)."
_PROLOGUE = frozenset({"BASE", "PREFIX", "VERSION"})


@dataclass(frozen=True, slots=True)
class Screened:
    """`names_graphs` says whether the query has a FROM clause, and so a data set of its own."""

    names_graphs: bool


def screen(query: str) -> Screened:
    """Raises QuerySyntaxError, pointing at the word that may not be there."""
    depth, last, started, names_graphs = 0, "", False, False
    declared: set[str] = set()
    for match in _TOKEN.finditer(query):
        kind, place = match.lastgroup, match.start()
        if kind == "open":
            depth += 1
            if depth > MAX_DEPTH:
                raise _refusal(query, place, f"brackets are nested more than {MAX_DEPTH} deep.")
        elif kind == "close":
            depth -= 1
        elif kind in ("words", "name"):
            word = (match["words"] or match["word"] or "").upper()
            if kind == "name" and last == "PREFIX":
                declared.add(word)
            if kind == "words" and word in _UPDATES and not started:
                raise _refusal(
                    query, place, f"{word} is an update; the graph can only be read (SELECT, ASK, ...)."
                )
            if "SERVICE" in word:
                raise _refusal(query, place + word.find("SERVICE"), _NO_SERVICE)
            started = started or (kind == "words" and word not in _PROLOGUE)
            if not depth and "FROM" in word and word not in declared:
                names_graphs = True
            last = word if kind == "words" else ""
    return Screened(names_graphs)


def place_of(query: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at `offset`.

    >>> place_of("ASK\\n{ }", 6)
    (2, 3)
    """
    before = query[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _refusal(query: str, offset: int, problem: str) -> QuerySyntaxError:
    return QuerySyntaxError(*place_of(query, offset), problem)
