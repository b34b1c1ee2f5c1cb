"""What a build leaves behind, and which build serves: manifest, checksums, open, list, activate, roll back.

A data folder holds `generations/<id>/`, each written once and never changed, and `current.json`, the pointer
that names the active one and those active before it. The manifest is the last file of a generation to be
written; the pointer is replaced by one atomic rename. Live changes are in `live/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from engine.errors import ConfigError, DamagedGenerationError, FailedPreconditionError, NotFoundError
from engine.files import sha256_of, write_atomically
from engine.types import GenerationInfo

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
POINTER = "current.json"
LIVE = "live"
"""The folder of the change log, in the data folder."""

PARTS = ("catalog", "encoder", "graph", "lexical", "queries", "reranker", "vectors")
"""Folders that every generation has. `report` and `evaluation` are for people and not read by the server."""


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
        return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Manifest:
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
        try:
            del data["format_version"]
            data["created"] = datetime.fromisoformat(data["created"])
            data["files"] = {name: FileRecord(**record) for name, record in data["files"].items()}
            return cls(**data)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedGenerationError(path, f"is not a manifest ({error!r})") from error

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
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """An opened build; `part` gives the folder of one of its parts."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path, *, verify: bool = True) -> Generation:
        """Read the manifest and compare every file with it: always its presence and size, and with
        `verify` its SHA-256. Raises DamagedGenerationError, naming the first file that differs.
        """
        manifest = Manifest.read(folder / MANIFEST)
        for name, record in manifest.files.items():
            path = folder / name
            if not path.is_file():
                raise DamagedGenerationError(path, "is missing")
            if path.stat().st_size != record.size:
                raise DamagedGenerationError(
                    path, f"has {path.stat().st_size} bytes instead of {record.size}"
                )
        if verify:
            _check_sums(folder, manifest.files)
        return cls(folder, manifest)

    @property
    def id(self) -> str:
        return self.manifest.id

    def part(self, name: str) -> Path:
        return self.folder / name


def _check_sums(folder: Path, files: Mapping[str, FileRecord]) -> None:
    """The largest first, on all cores: a million products have gigabytes."""
    names = sorted(files, key=lambda name: -files[name].size)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        sums = list(threads.map(lambda name: sha256_of(folder / name), names))
    wrong = {name for name, found in zip(names, sums, strict=True) if found != files[name].sha256}
    for name in files:
        if name in wrong:
            raise DamagedGenerationError(folder / name, "does not match its SHA-256 in the manifest")


@dataclass(frozen=True, slots=True)
class Pointer:
    """The active generation and those active before it, the latest last."""

    active: str
    previous: tuple[str, ...] = ()


class DataFolder:
    """The generations of one shop. Changes of the pointer are serialised across processes by a lock file."""

    MAX_PREVIOUS = 20

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, root: Path) -> DataFolder:
        """Raises ConfigError unless the folder exists and a build has published into it."""
        if not root.is_dir():
            raise ConfigError(
                f"There is no data folder at {root}. Build one: index_builder build --out {root}."
            )
        if not (root / POINTER).is_file():
            raise ConfigError(
                f"No generation is active in {root}. Build one: index_builder build --out {root}."
            )
        return cls(root)

    @property
    def generations_folder(self) -> Path:
        return self.root / "generations"

    @property
    def live_folder(self) -> Path:
        return self.root / LIVE

    def pointer(self) -> Pointer | None:
        path = self.root / POINTER
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return Pointer(data["active"], tuple(data["previous"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedGenerationError(path, f"is not a pointer file ({error!r})") from error

    def manifests(self) -> list[Manifest]:
        """The newest first. Folders without a manifest are unfinished, and left out; so are those whose
        manifest cannot be read, so that one does not hide the others: opening it says what is wrong.
        """
        found = []
        for path in self.generations_folder.glob(f"*/{MANIFEST}"):
            with suppress(DamagedGenerationError):
                found.append(Manifest.read(path))
        return sorted(found, key=lambda manifest: (manifest.created, manifest.id), reverse=True)

    def list(self) -> tuple[GenerationInfo, ...]:
        pointer = self.pointer()
        active = pointer.active if pointer else None
        return tuple(manifest.info(active=manifest.id == active) for manifest in self.manifests())

    def open_generation(self, generation_id: str, *, verify: bool = True) -> Generation:
        """Raises NotFoundError for an unknown id; the id is never used as a path before it is known."""
        known = (
            {path.name for path in self.generations_folder.iterdir()}
            if self.generations_folder.is_dir()
            else set()
        )
        if generation_id not in known:
            raise NotFoundError("generation", generation_id, "ListGenerations names those there are.")
        return Generation.open(self.generations_folder / generation_id, verify=verify)

    def open_active(self, *, verify: bool = True) -> Generation:
        pointer = self.pointer()
        if pointer is None:
            raise ConfigError(
                f"No generation is active in {self.root}. Publish one with index_builder build."
            )
        return self.open_generation(pointer.active, verify=verify)

    def activate(self, generation_id: str) -> Pointer:
        """Point at a generation; durable when this returns."""
        with self._locked():
            before = self.pointer()
            if before is not None and before.active == generation_id:
                return before
            previous = (*before.previous, before.active) if before else ()
            return self._point(Pointer(generation_id, previous[-self.MAX_PREVIOUS :]))

    def roll_back_target(self) -> str:
        """The generation that was active before. Raises FailedPreconditionError when there is none."""
        pointer = self.pointer()
        if pointer is None or not pointer.previous:
            raise FailedPreconditionError("There is no earlier generation to roll back to.")
        return pointer.previous[-1]

    def roll_back(self) -> Pointer:
        """Point at the generation that was active before; it is forgotten as a target of the next one."""
        with self._locked():
            target = self.roll_back_target()
            pointer = self.pointer()
            previous = pointer.previous[:-1] if pointer else ()
            return self._point(Pointer(target, previous))

    def _locked(self) -> FileLock:
        return FileLock(self.root / ".pointer.lock", timeout=30)

    def _point(self, pointer: Pointer) -> Pointer:
        text = json.dumps({"active": pointer.active, "previous": list(pointer.previous)}, indent=2) + "\n"
        write_atomically(self.root / POINTER, text.encode())
        return pointer
