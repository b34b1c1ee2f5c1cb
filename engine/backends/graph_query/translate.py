"""Reads what a child answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import InvalidArgumentError, QuerySyntaxError
from engine.graph_values import GraphAnswer, Solutions, Term, TermKind, Triples

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_MAX_PROBLEM = 300


def read_answer(message: Mapping[str, Any]) -> GraphAnswer:
    """Raises QuerySyntaxError or InvalidArgumentError when the query was at fault."""
    if "error" in message:
        raise _fault(message["error"], str(message["message"]))
    seconds = float(message["seconds"])
    if "boolean" in message:
        return GraphAnswer(bool(message["boolean"]), seconds)
    if "triples" in message:
        triples = [[_bound(term) for term in triple] for triple in message["triples"]]
        return GraphAnswer(Triples(tuple((s, p, o) for s, p, o in triples)), seconds)
    rows = tuple(tuple(_term(term) for term in row) for row in message["rows"])
    return GraphAnswer(Solutions(tuple(message["variables"]), rows), seconds)


def _term(written: Sequence[str] | None) -> Term | None:
    return None if written is None else _bound(written)


def _bound(written: Sequence[str]) -> Term:
    kind, *rest = written
    return Term(TermKind(kind), *rest)


def _fault(kind: str, problem: str) -> InvalidArgumentError:
    """Oxigraph says "error at 2:17: expected OPTIONAL" of what it cannot parse."""
    if kind == "syntax":
        place = _PLACE.match(problem)
        if place is not None:
            return QuerySyntaxError(int(place[1]), int(place[2]), _sentence(place[3]))
        return InvalidArgumentError("query", f"The query does not parse: {_sentence(problem)}")
    return InvalidArgumentError("query", f"The query cannot be answered: {_sentence(problem)}")


def _sentence(text: str) -> str:
    """At most 300 characters, with one full stop."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= _MAX_PROBLEM else flat[:_MAX_PROBLEM] + "…"
    return cut.rstrip(".") + "."
