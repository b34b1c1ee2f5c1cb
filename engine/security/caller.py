"""Who calls, once that is known."""

from __future__ import annotations

from dataclasses import dataclass

from engine.security.scopes import Scope


@dataclass(frozen=True, slots=True)
class Limits:
    """0 is no limit. The bucket holds one second's calls, one at least: so many may come at once."""

    calls_per_second: float = 0.0
    calls_per_day: int = 0

    def __bool__(self) -> bool:
        return bool(self.calls_per_second or self.calls_per_day)


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is the key's name or the token's subject, and may be logged; `key_id` is empty for a token.
    Of a server's `collections` it reaches these alone; None is all of them.
    """

    name: str
    scopes: frozenset[Scope]
    key_id: str = ""
    limits: Limits = UNLIMITED
    collections: frozenset[str] | None = None
