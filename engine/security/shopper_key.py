"""The key that turns shoppers' ids into names which say nothing without it."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from engine.errors import ConfigError
from engine.files import fsync_folder

SHOPPER_KEY = "shopper.key"
"""Its file in the folder of live changes, where no other is named. It is in no backup."""
_KEY_BYTES, _CHECK_BYTES, _SHORT_BYTES = 32, 8, 16
OWNER_ONLY, _OTHERS = 0o600, 0o077


@dataclass(frozen=True, slots=True)
class ShopperKey:
    """256 random bits. Ids are short and easily guessed, so that a hash without a key would hide nobody."""

    secret: bytes = field(repr=False)

    @classmethod
    def open(cls, path: Path, *, make: bool) -> Self:
        """The key in a file, made first when there is none and `make` says so: its owner alone may read it.
        Of two processes that make one, both get the same.

        ConfigError when there is none, when others may read it, and for what is no key; it is never quoted.
        """
        try:
            if make and not path.exists():
                _make(path)
            mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise ConfigError(
                f"There is no shopper key at {path}, and events were recorded with one. Put it back (it is "
                "in no backup), or name its file with --shopper-key-file."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            problem = getattr(error, "strerror", None) or "it is not text"
            raise ConfigError(f"The shopper key {path} cannot be read or made: {problem}.") from None
        if mode & _OTHERS:
            raise ConfigError(f"Others than its owner may use the shopper key {path}; `chmod 600` it.")
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != _KEY_BYTES:
            raise ConfigError(
                f"{path} holds no shopper key: 64 hexadecimal digits. Put the right file there."
            )
        return cls(secret)

    @property
    def check(self) -> bytes:
        """By which a store knows its key again."""
        return self._digest("check", "")[:_CHECK_BYTES]

    def shopper(self, shopper_id: str) -> bytes:
        """HMAC-SHA256; b"" for nobody."""
        return self._digest("shopper", shopper_id) if shopper_id else b""

    def short(self, kind: str, name: str) -> bytes:
        """16 bytes for another id, which might say as well whose it is; b"" for none. Equal ids of two kinds
        differ.
        """
        return self._digest(kind, name)[:_SHORT_BYTES] if name else b""

    def _digest(self, kind: str, name: str) -> bytes:
        return hmac.digest(self.secret, f"{kind}\0{name}".encode(), "sha256")


def _make(path: Path) -> None:
    """By a link, which fails where somebody else was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(f"{secrets.token_hex(_KEY_BYTES)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(unfinished)
        fsync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)
