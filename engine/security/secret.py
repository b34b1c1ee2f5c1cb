"""API keys as their holders have them: `cartograph_ID_SECRET`.

The id finds the key's record without a search, may be shown, and lets scanners of source code know a leaked
key for what it is. The whole text is kept as its SHA-256 alone. A hash that is slow on purpose, such as
scrypt, makes guessing passwords dear; nobody guesses 256 random bits, and tens of milliseconds a call would
be a gift to whoever sends rubbish.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

_PREFIX = "cartograph_"
ID_LENGTH = 16
"""Hexadecimal digits."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewKey:
    """`text` is what the holder sends; nothing else can bring it back."""

    id: str
    text: str

    @classmethod
    def make(cls) -> NewKey:
        key_id = secrets.token_hex(ID_LENGTH // 2)
        return cls(key_id, f"{_PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}")


def is_key(text: str) -> bool:
    return text.startswith(_PREFIX)


def id_of(text: str) -> str:
    """What stands where an id would; of text that is no key, anything."""
    return text[len(_PREFIX) : len(_PREFIX) + ID_LENGTH]


def digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
