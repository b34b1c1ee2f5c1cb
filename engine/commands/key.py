"""`python -m engine key`: API keys for a server's `--keys` file. A running server follows soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from engine.config import KeySettings
from engine.errors import ConfigError, InvalidArgumentError, NotFoundError
from engine.security.key_file import KeyRecord, change_keys, read_keys
from engine.security.scopes import Scope
from engine.security.secret import NewKey, digest_of


def key(action: str, name: str, settings: KeySettings, console: Console) -> int:
    """The exit status. Raises EngineError."""
    if action == "list":
        _list(settings, console)
        return 0
    if not name:
        raise InvalidArgumentError("name", f"Which key? `key {action}` wants a name.")
    if action == "create":
        console.out(_create(name, settings), highlight=False)
    else:
        _revoke(name, settings)
    return 0


def _create(name: str, settings: KeySettings) -> str:
    """What the holder has to send. It goes to stdout alone, once; the file gets its hash."""
    made = NewKey.make()
    record = _record(name, made, settings)

    def add(records: tuple[KeyRecord, ...]) -> tuple[KeyRecord, ...]:
        if any(each.name == name for each in records):
            raise ConfigError(f"There is a key {name!r} already; revoke it, or choose another name.")
        return (*records, record)

    change_keys(settings.keys, add)
    return made.text


def _record(name: str, made: NewKey, settings: KeySettings) -> KeyRecord:
    unknown = sorted(set(settings.scope) - {str(scope) for scope in Scope})
    if unknown or not settings.scope:
        raise InvalidArgumentError(
            "scope", f"The scopes are {', '.join(Scope)}; {', '.join(unknown)!r} is none."
        )
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        return KeyRecord(
            id=made.id,
            name=name,
            sha256=digest_of(made.text).hex(),
            scopes=frozenset(map(Scope, settings.scope)),
            created=now,
            expires=now + timedelta(days=settings.expires_days) if settings.expires_days else None,
            calls_per_second=settings.calls_per_second,
            calls_per_day=settings.calls_per_day,
            collections=frozenset(settings.collection) or None,
        )
    except ValidationError:
        raise InvalidArgumentError(
            "name", "A key's name is 1 to 64 letters, digits, '.', '_' and '-', and begins with no sign."
        ) from None


def _revoke(name: str, settings: KeySettings) -> None:
    def drop(records: tuple[KeyRecord, ...]) -> tuple[KeyRecord, ...]:
        left = tuple(record for record in records if record.name != name)
        if len(left) == len(records):
            raise NotFoundError("key", name, "`key list` names those there are.")
        return left

    change_keys(settings.keys, drop)


def _list(settings: KeySettings, console: Console) -> None:
    table = Table(box=None)
    for heading in ("name", "id", "scopes", "collections", "created", "expires", "calls/s", "calls/day"):
        table.add_column(heading, overflow="fold")
    now = datetime.now(UTC)
    for record in sorted(read_keys(settings.keys), key=lambda record: record.name):
        expires = record.expires.date().isoformat() if record.expires else "never"
        over = record.expires is not None and record.expires <= now
        table.add_row(
            record.name,
            record.id,
            " ".join(sorted(record.scopes)),
            " ".join(sorted(record.collections)) if record.collections else "all",
            record.created.date().isoformat(),
            f"{expires} (over)" if over else expires,
            f"{record.calls_per_second:g}" if record.calls_per_second else "any",
            f"{record.calls_per_day}" if record.calls_per_day else "any",
        )
    console.print(table)
