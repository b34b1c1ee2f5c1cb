"""What a generation is made of: the last of its files to be written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from engine.errors import DamagedGenerationError
from engine.types import FoldedChanges, GenerationInfo

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
OWN_SUM = "sha256"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size in bytes and SHA-256 of a file, as they were when the manifest was written."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of. `created` is UTC; `evaluation` is empty without judgements."""

    id: str
    created: datetime
    engine_version: str
    dimension: int
    product_count: int
    past_query_count: int
    statement_count: int
    measured_recall: float
    build: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, FileRecord]
    evaluation: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        data = {
            "format_version": FORMAT_VERSION,
            "id": self.id,
            "created": self.created.isoformat(),
            "engine_version": self.engine_version,
            "dimension": self.dimension,
            "product_count": self.product_count,
            "past_query_count": self.past_query_count,
            "statement_count": self.statement_count,
            "measured_recall": self.measured_recall,
            "evaluation": dict(self.evaluation),
            "build": dict(self.build),
            "parts": {name: dict(part) for name, part in self.parts.items()},
            "files": {
                name: {"size": record.size, "sha256": record.sha256} for name, record in self.files.items()
            },
        }
        return sealed(data)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """DamagedGenerationError when it is missing, or is not what was written. Manifests of older builds
        have no sum of themselves.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DamagedGenerationError(path, "is missing") from None
        except (OSError, ValueError) as error:
            raise DamagedGenerationError(path, f"cannot be read ({error})") from error
        version = data.get("format_version") if isinstance(data, dict) else None
        if version != FORMAT_VERSION:
            raise DamagedGenerationError(
                path, f"has format version {version}, this engine reads {FORMAT_VERSION}"
            )
        if data.pop(OWN_SUM, None) not in (None, sum_of(data)):
            raise DamagedGenerationError(path, "does not match its own SHA-256")
        try:
            del data["format_version"]
            data["created"] = datetime.fromisoformat(data["created"])
            data["files"] = {name: FileRecord(**record) for name, record in data["files"].items()}
            return cls(**data)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedGenerationError(path, f"is not a manifest ({error!r})") from error

    @property
    def folded(self) -> FoldedChanges:
        """As the build wrote them with `folded_parameters`."""
        return FoldedChanges(
            self.build.get("live_sequence", 0),
            self.build.get("live_log", ""),
            self.build.get("live_lineage", ""),
        )

    @property
    def event_sequence(self) -> int:
        """Of the last of shoppers' events that the build saw; 0 of one that saw none."""
        return int(self.build.get("event_sequence", 0))

    def info(self, *, active: bool) -> GenerationInfo:
        return GenerationInfo(
            id=self.id,
            created=self.created,
            active=active,
            product_count=self.product_count,
            past_query_count=self.past_query_count,
            statement_count=self.statement_count,
            dimension=self.dimension,
            measured_recall=self.measured_recall,
            evaluation=self.evaluation,
            live_sequence=self.folded.sequence,
        )


def sealed(body: Mapping[str, Any]) -> str:
    """JSON that holds the SHA-256 of the rest of itself, as `OWN_SUM`."""
    return f"{_text({**body, OWN_SUM: sum_of(body)})}\n"


def sum_of(body: Mapping[str, Any]) -> str:
    return sha256(_text(body).encode()).hexdigest()


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)


def event_parameters(sequence: int) -> dict[str, Any]:
    """As `folded_parameters`, of the last of shoppers' events that a build saw; 0 for none."""
    return {"event_sequence": sequence} if sequence else {}


def folded_parameters(folded: FoldedChanges) -> dict[str, Any]:
    """For a manifest's `build`, so that they count in the generation's id; none for a build without any."""
    if folded == FoldedChanges():
        return {}
    return {"live_sequence": folded.sequence, "live_log": folded.log, "live_lineage": folded.lineage}
