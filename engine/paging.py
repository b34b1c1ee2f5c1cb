"""Page tokens: opaque text that binds a place in a ranking to the request and the generation that made it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace

from engine.errors import InvalidArgumentError, StalePageTokenError
from engine.request import SearchRequest
from engine.text import normalise


@dataclass(frozen=True, slots=True)
class PageToken:
    """`fingerprint` is of every field of the request that shapes the ranking; `offset` >= 1."""

    generation_id: str
    fingerprint: str
    offset: int

    def encode(self) -> str:
        text = json.dumps([self.generation_id, self.fingerprint, self.offset], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str) -> PageToken:
        """Raises InvalidArgumentError for anything that `encode` did not make."""
        try:
            data = json.loads(
                base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            )
            generation_id, fingerprint, offset = data
        except (ValueError, TypeError, RecursionError):  # the last one: a thousand lists in one another
            raise _broken() from None
        if not (isinstance(generation_id, str) and isinstance(fingerprint, str) and type(offset) is int):
            raise _broken()
        if offset < 1:
            raise _broken()
        return cls(generation_id, fingerprint, offset)


def fingerprint(request: SearchRequest) -> str:
    """Of every field that shapes the ranking; the same in every process, and for every spelling of a query
    that is read alike.
    """
    disabled = sorted(request.retrieval.disabled)  # a set has no order of its own
    canonical = replace(
        request,
        query=normalise(request.query),
        skip_cache=False,
        page_size=0,
        page_token="",
        retrieval=replace(request.retrieval, disabled=frozenset()),
    )
    return hashlib.sha256(f"{canonical!r}{disabled}".encode()).hexdigest()[:16]


def offset_of(request: SearchRequest, generation_id: str) -> int:
    """Where the page begins, from 0. Raises InvalidArgumentError or StalePageTokenError."""
    return place_of(request.page_token, generation_id, fingerprint(request)) if request.page_token else 0


def place_of(page_token: str, generation_id: str, request_fingerprint: str) -> int:
    """Where the page of a token begins, from 0; an empty one is of the first page.

    Raises InvalidArgumentError for a token of another request, StalePageTokenError for one of a generation
    that does not serve.
    """
    if not page_token:
        return 0
    token = PageToken.decode(page_token)
    if token.generation_id != generation_id:
        raise StalePageTokenError(token.generation_id, generation_id)
    if token.fingerprint != request_fingerprint:
        raise InvalidArgumentError(
            "page_token",
            "The page token belongs to another request: keep every field but page_size as it was.",
        )
    return token.offset


def next_token(request: SearchRequest, generation_id: str, end: int, total: int) -> str:
    """Empty when the page that ends before `end` is the last."""
    return PageToken(generation_id, fingerprint(request), end).encode() if end < total else ""


def _broken() -> InvalidArgumentError:
    return InvalidArgumentError(
        "page_token", "The page token is not one that this server made; ask for the first page."
    )
