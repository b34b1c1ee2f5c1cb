"""Who is let in: by key or token, with the scope that the call needs, no faster than allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from engine.errors import InvalidCredentialsError, MissingCredentialsError, PermissionDeniedError
from engine.security.caller import Caller
from engine.security.limiter import Limiter
from engine.security.scopes import scope_of
from engine.security.secret import is_key

_BEARER = "bearer "


class Credentials(Protocol):
    def caller_of(self, text: str) -> Caller: ...


class Current(Protocol):
    """Credentials that may be others a moment later."""

    @property
    def value(self) -> Credentials: ...


@dataclass(frozen=True, slots=True)
class Access:
    """Of keys and tokens at least one is there. Safe to use from many threads."""

    keys: Current | None
    tokens: Current | None
    limiter: Limiter

    def caller_of(self, metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
        """Raises an UnauthenticatedError."""
        text = _sent(metadata)
        known = self.keys if is_key(text) else self.tokens
        if known is None:
            raise InvalidCredentialsError
        return known.value.caller_of(text)

    def permit(self, caller: Caller, method: str) -> None:
        """`method` is gRPC's path. Raises PermissionDeniedError."""
        scope = scope_of(method)
        if scope not in caller.scopes:
            raise PermissionDeniedError(scope)


def _sent(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Of `authorization: Bearer TEXT` and `x-api-key: TEXT`, whichever comes first."""
    for key, value in metadata:
        if not isinstance(value, str):
            continue
        if key == "authorization" and value[: len(_BEARER)].lower() == _BEARER:
            return value[len(_BEARER) :].strip()
        if key == "x-api-key":
            return value.strip()
    raise MissingCredentialsError
