"""What a build leaves behind, and which build serves: manifest, checksums, open, list, activate, roll back.

A data folder holds `generations/<id>/`, each written once and never changed, and `current.json`, the pointer
that names the active one and those active before it. The manifest is the last file of a generation to be
written; the pointer is replaced by one atomic rename. Live changes are in `live/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import (
    ConfigError,
    DamagedGenerationError,
    FailedPreconditionError,
    LockHeldError,
    NotFoundError,
)
from engine.files import held, sha256_of, write_atomically
from engine.manifest import MANIFEST, FileRecord, Manifest
from engine.types import FoldedChanges, GenerationInfo

__all__ = ["MANIFEST", "PARTS", "POINTER", "DataFolder", "FileRecord", "Generation", "Manifest", "Pointer"]

POINTER = "current.json"
LIVE = "live"
"""The folder of the change log and of shoppers' events, in the data folder."""

PARTS = ("catalog", "encoder", "graph", "lexical", "queries", "reranker", "vectors")
"""Folders that every generation has. `report` and `evaluation` are for people and not read by the server."""


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

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Nobody removes it meanwhile. Raises DamagedGenerationError when somebody does so already."""
        path = self.folder / MANIFEST
        with ExitStack() as stack:
            try:
                ours = stack.enter_context(held(path))
            except FileNotFoundError:
                raise DamagedGenerationError(path, "is missing") from None
            if not ours:
                raise DamagedGenerationError(path, "is being removed")
            yield


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

    def folded(self) -> tuple[FoldedChanges, ...]:
        """Of every generation that is there. DamagedGenerationError for a manifest that cannot be read."""
        return tuple(Manifest.read(path).folded for path in self.generations_folder.glob(f"*/{MANIFEST}"))

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
        with self.pointing():
            before = self.pointer()
            if before is not None and before.active == generation_id:
                return before
            previous = (*before.previous, before.active) if before else ()
            return self._point(Pointer(generation_id, previous[-self.MAX_PREVIOUS :]))

    def roll_back_target(self) -> str:
        """The generation that was active before. Raises FailedPreconditionError when none is, or is left."""
        pointer = self.pointer()
        if pointer is None or not pointer.previous:
            raise FailedPreconditionError("There is no earlier generation to roll back to.")
        target = pointer.previous[-1]
        if not (self.generations_folder / target / MANIFEST).is_file():
            raise FailedPreconditionError(
                f"Generation {target}, which was active before, is not there any more: it was pruned. "
                "Activate one of those that ListGenerations names.",
                generation=target,
            )
        return target

    def roll_back(self) -> Pointer:
        """Point at the generation that was active before; it is forgotten as a target of the next one."""
        with self.pointing():
            target = self.roll_back_target()
            pointer = self.pointer()
            previous = pointer.previous[:-1] if pointer else ()
            return self._point(Pointer(target, previous))

    def pointing(self) -> FileLock:
        """Held while the pointer is moved, and by who needs it to stay."""
        return FileLock(self.root / ".pointer.lock", timeout=30)

    @contextmanager
    def building(self, *, wait: float = 0.0) -> Iterator[None]:
        """Held while generations are made or removed, and while the change log forgets what all of them hold.
        Raises LockHeldError when it is not free after `wait` seconds.
        """
        lock = FileLock(self.root / ".build.lock", timeout=wait)
        try:
            lock.acquire()
        except Timeout:
            raise LockHeldError(self.root / ".build.lock") from None
        try:
            yield
        finally:
            lock.release()

    def _point(self, pointer: Pointer) -> Pointer:
        text = json.dumps({"active": pointer.active, "previous": list(pointer.previous)}, indent=2) + "\n"
        write_atomically(self.root / POINTER, text.encode())
        return pointer
