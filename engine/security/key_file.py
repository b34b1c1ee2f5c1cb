"""The file of API keys: JSON, written by `python -m engine key` alone, so that nothing in it can get lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.collection import COLLECTION_PATTERN
from engine.errors import ConfigError
from engine.files import write_atomically
from engine.security.scopes import Scope

OWNER_ONLY = 0o600
_OTHERS_WRITE = 0o002
_LOCK_SECONDS = 10
_MAX_KEYS = 4_096

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]+$")]
CollectionName = Annotated[str, Field(pattern=COLLECTION_PATTERN)]


class KeyRecord(BaseModel):
    """A key at rest. Limits of 0 are none; `expires` None is never; `collections` None is all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[Hex, Field(min_length=16, max_length=16)]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    sha256: Annotated[Hex, Field(min_length=64, max_length=64)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    created: AwareDatetime
    expires: AwareDatetime | None = None
    calls_per_second: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    calls_per_day: Annotated[int, Field(ge=0, le=10**12)] = 0
    collections: Annotated[frozenset[CollectionName], Field(min_length=1)] | None = None


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: Annotated[tuple[KeyRecord, ...], Field(max_length=_MAX_KEYS)]


def read_keys(path: Path) -> tuple[KeyRecord, ...]:
    """Raises ConfigError for a file that is missing, not one of ours or open to others' changes; it never
    quotes what stands there.
    """
    try:
        if path.stat().st_mode & _OTHERS_WRITE:
            raise ConfigError(f"Anybody may write to the keys file {path}, and so add a key; `chmod 600` it.")
        records = _Content.model_validate_json(path.read_bytes()).keys
    except OSError as error:
        raise ConfigError(
            f"The keys file {path} cannot be read: {error.strerror}. `python -m engine key create` makes one."
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "its text"
        raise ConfigError(
            f"The keys file {path} is damaged at {place}: {first['msg']}. Restore it, or revoke that key."
        ) from None
    for field in ("id", "name"):
        values = [getattr(record, field) for record in records]
        if len(set(values)) < len(values):
            raise ConfigError(f"The keys file {path} has two keys of the same {field}; remove one of them.")
    return records


def change_keys(path: Path, change: Callable[[tuple[KeyRecord, ...]], tuple[KeyRecord, ...]]) -> None:
    """Read, change, write by one rename, with no other writer in between. A missing file holds no keys.

    Raises ConfigError when it cannot be read or written.
    """
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_SECONDS):
            records = change(read_keys(path) if path.exists() else ())
            content = {"keys": [record.model_dump(mode="json") for record in records]}
            write_atomically(path, f"{json.dumps(content, indent=2)}\n".encode(), mode=OWNER_ONLY)
    except OSError as error:  # a lock that is not had in time is a TimeoutError
        problem = error.strerror or "another command is changing it"
        raise ConfigError(f"The keys file {path} cannot be written: {problem}.") from None
