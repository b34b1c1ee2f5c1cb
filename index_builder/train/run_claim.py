"""Makes a folder the one of a training run, so that a run that goes on finds its own work and no other's."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.errors import ConfigError
from engine.files import write_atomically
from index_builder.train.queries.query import TrainingQuery

_RUN = "run.json"


def claim(folder: Path, identity: str, *, resume: bool, keeps: Sequence[str]) -> None:
    """`identity` stands for all that decides the result; `keeps` are patterns of what a run keeps here.

    Without `resume` the folder is made and what an earlier run kept is removed.

    Raises ConfigError when the run that is there had another identity, or when nothing is there to resume.
    """
    if resume:
        _check_same(folder, identity)
        return
    folder.mkdir(parents=True, exist_ok=True)
    drop(path for pattern in keeps for path in folder.glob(pattern))
    write_atomically(folder / _RUN, json.dumps({"identity": identity}).encode())


def identity_of(plan: object, *groups: Sequence[TrainingQuery], texts: Iterable[str]) -> str:
    """The same plan, queries and texts give the same text of 64 characters."""
    digest = hashlib.sha256(repr(plan).encode())
    for group in groups:
        digest.update(f"\0{len(group)}".encode())
        for query in group:
            digest.update(f"\0{query.text}\0{query.weight}".encode())
            for values in (query.rows, query.grades, query.answers):
                digest.update(values.tobytes())
    for text in texts:
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()


def drop(paths: Iterable[Path]) -> None:
    """Remove files, and folders with what is in them."""
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _check_same(folder: Path, identity: str) -> None:
    if not (folder / _RUN).is_file():
        raise ConfigError(
            f"There is no training run in {folder} to go on with. Start one without --resume.", path=folder
        )
    if json.loads((folder / _RUN).read_text(encoding="utf-8"))["identity"] != identity:
        raise ConfigError(
            f"The training run in {folder} had other data or another plan, so it cannot go on with these. "
            "Give the same ones, or start anew without --resume.",
            path=folder,
        )
