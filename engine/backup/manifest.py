"""What a backup is made of: its last file to be written, with the SHA-256 of all others and its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import DamagedBackupError
from engine.generation import LIVE, FileRecord
from engine.manifest import OWN_SUM, sealed, sum_of

BACKUP = "backup.json"
GENERATIONS = "generations"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """Files have POSIX names inside the backup: `generations/<id>/…`, `<live>/…` for the change log, and
    `<events>/…` for the events of shoppers.

    `created` is in UTC. `active` and `previous` are the pointer, as far as its generations are in the backup.
    `sequence` is the last live change; where none was ever made, it is 0 and `live` is empty.
    `event_sequence` and `events` are the same for events.
    """

    created: datetime
    engine_version: str
    active: str
    previous: tuple[str, ...]
    live: str
    sequence: int
    files: Mapping[str, FileRecord]
    events: str = ""
    event_sequence: int = 0

    @property
    def generations(self) -> frozenset[str]:
        return frozenset(name.split("/")[1] for name in self.files if name.startswith(f"{GENERATIONS}/"))

    @property
    def size_bytes(self) -> int:
        return sum(record.size for record in self.files.values())

    def place_of(self, name: str) -> str:
        """Where a file of the backup belongs in a data folder."""
        folder, _, rest = name.partition("/")
        return f"{LIVE}/{rest}" if folder in (self.live, self.events) else name

    def to_bytes(self) -> bytes:
        body = {
            "format_version": FORMAT_VERSION,
            "created": self.created.isoformat(),
            "engine_version": self.engine_version,
            "active": self.active,
            "previous": list(self.previous),
            "live": self.live,
            "sequence": self.sequence,
            "events": self.events,
            "event_sequence": self.event_sequence,
            "files": {name: asdict(record) for name, record in self.files.items()},
        }
        return sealed(body).encode()

    @classmethod
    def from_bytes(cls, content: bytes, path: Path) -> BackupManifest:
        """DamagedBackupError, naming `path`, when it is not what was written, or names a file that would be
        outside the backup.
        """
        body = _checked(content, path)
        version = body.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise DamagedBackupError(
                path, f"has format version {version}, this engine reads {FORMAT_VERSION}"
            )
        try:
            body["created"] = datetime.fromisoformat(body["created"])
            body["previous"] = tuple(body["previous"])
            body["files"] = {name: FileRecord(**record) for name, record in body["files"].items()}
            manifest = cls(**body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DamagedBackupError(path, f"is no manifest of a backup ({error!r})") from error
        manifest._refuse_strange(path)
        return manifest

    def _refuse_strange(self, path: Path) -> None:
        """A manifest that somebody made up may lead nowhere else either."""
        for name in self.files:
            folder, *rest = name.split("/")
            if folder not in (GENERATIONS, self.live, self.events) or not rest or not is_inside(name):
                raise DamagedBackupError(path, f"names {name!r}, which is no place in a backup")
        if not {self.active, *self.previous} <= self.generations:
            raise DamagedBackupError(path, "points at a generation that it does not hold")


def is_inside(name: str) -> bool:
    """Whether a name leads further into its folder and nowhere else, on any system."""
    parts = name.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not set(name) & set("\\:\0")


def _checked(content: bytes, path: Path) -> dict[str, Any]:
    """What the manifest says beside its own sum, which is that of the rest."""
    try:
        body = json.loads(content)
    except ValueError as error:
        raise DamagedBackupError(path, f"cannot be read ({error})") from error
    if not isinstance(body, dict) or body.pop(OWN_SUM, None) != sum_of(body):
        raise DamagedBackupError(path, "does not match its own SHA-256")
    return body
