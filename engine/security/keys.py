"""Knows callers by their API keys."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ExpiredCredentialsError, InvalidCredentialsError
from engine.security.caller import Caller, Limits
from engine.security.key_file import KeyRecord, read_keys
from engine.security.secret import digest_of, id_of


@dataclass(frozen=True, slots=True)
class _Key:
    digest: bytes
    expires: float
    caller: Caller


_NO_KEY = _Key(bytes(32), float("inf"), Caller("", frozenset()))
"""Compared with where no key has the id, so that its absence takes no less time."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a keys file said when it was read."""

    _by_id: Mapping[str, _Key]
    _now: Callable[[], float] = time.time

    @classmethod
    def read(cls, path: Path) -> Keys:
        """Raises ConfigError."""
        return cls.of(read_keys(path))

    @classmethod
    def of(cls, records: Iterable[KeyRecord], now: Callable[[], float] = time.time) -> Keys:
        return cls({record.id: _key(record) for record in records}, now)

    def caller_of(self, text: str) -> Caller:
        """Raises InvalidCredentialsError, or ExpiredCredentialsError to who holds the key."""
        key = self._by_id.get(id_of(text), _NO_KEY)
        if not hmac.compare_digest(digest_of(text), key.digest):
            raise InvalidCredentialsError
        if self._now() >= key.expires:
            raise ExpiredCredentialsError
        return key.caller


def _key(record: KeyRecord) -> _Key:
    return _Key(
        bytes.fromhex(record.sha256),
        record.expires.timestamp() if record.expires else float("inf"),
        Caller(
            record.name,
            record.scopes,
            record.id,
            Limits(record.calls_per_second, record.calls_per_day),
            record.collections,
        ),
    )
