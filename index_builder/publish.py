"""The last step of a build: checksums, the manifest, one rename, and then the pointer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.files import files_below, fsync_folder, sha256_of, write_atomically
from engine.generation import MANIFEST, PARTS, DataFolder, FileRecord, Generation, Manifest

NOT_REPRODUCIBLE = ("graph/store/", "report/")
"""RocksDB puts random names and times into its files, and reports name paths: the id of a generation leaves
them out, since the N-Quads file that the store is made from is in it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the manifest says beyond files. `measured_recall` is recall@10 of the product index, 0 to 1."""

    engine_version: str
    dimension: int
    product_count: int
    past_query_count: int
    statement_count: int
    measured_recall: float
    build: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Any]]
    evaluation: Mapping[str, float]


def seal(folder: Path, summary: Summary) -> Manifest:
    """Write the manifest of a finished work folder, last and atomically; its bytes are on disk after this."""
    files = {}
    for name, path in files_below(folder):
        if name == MANIFEST or name.startswith("."):
            continue
        _fsync(path)
        files[name] = FileRecord(path.stat().st_size, sha256_of(path))
    missing = [part for part in PARTS if not any(name.startswith(f"{part}/") for name in files)]
    if missing:
        raise RuntimeError(f"The build wrote nothing into {', '.join(missing)}; it must not be published.")
    manifest = Manifest(
        id=_generation_id(files, summary.build),
        created=_now(),
        engine_version=summary.engine_version,
        dimension=summary.dimension,
        product_count=summary.product_count,
        past_query_count=summary.past_query_count,
        statement_count=summary.statement_count,
        measured_recall=summary.measured_recall,
        build=summary.build,
        parts=summary.parts,
        files=files,
        evaluation=summary.evaluation,
    )
    write_atomically(folder / MANIFEST, manifest.to_json().encode())
    return manifest


def publish(work: Path, data: Path, *, activate: bool) -> Generation:
    """Move a sealed work folder into the data folder by one rename and, when asked, point at it.

    A generation of the same content that is there already is kept, and the work folder is removed.
    """
    manifest = Manifest.read(work / MANIFEST)
    folder = DataFolder(data)
    target = folder.generations_folder / manifest.id
    target.parent.mkdir(parents=True, exist_ok=True)
    if (target / MANIFEST).is_file():
        shutil.rmtree(work)
    else:
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
        fsync_folder(target.parent)
    generation = Generation.open(target)
    if activate:
        folder.activate(manifest.id)
    return generation


def _generation_id(files: Mapping[str, FileRecord], build: Mapping[str, Any]) -> str:
    """The same content and parameters give the same id."""
    digest = hashlib.sha256(json.dumps(build, sort_keys=True, ensure_ascii=False).encode())
    for name in sorted(files):
        if not name.startswith(NOT_REPRODUCIBLE):
            digest.update(f"{name}\0{files[name].sha256}\n".encode())
    return f"g{digest.hexdigest()[:16]}"


def _now() -> datetime:
    """UTC; SOURCE_DATE_EPOCH (seconds since 1970) overrides it, as in other reproducible builds."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)


def _fsync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
