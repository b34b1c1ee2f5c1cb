"""Removes generations that nobody needs any more."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigError
from engine.files import fsync_folder, held
from engine.generation import MANIFEST, DataFolder

_GENERATION_ID = re.compile(r"g[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Pruned:
    """`removed` leads from the id of each generation that is gone, or would be, to its size in bytes;
    `in_use` are those that stay because a server has opened them; `kept` all others.
    """

    removed: dict[str, int]
    in_use: tuple[str, ...]
    kept: tuple[str, ...]


def prune(data: DataFolder, keep: int, *, just_built: str = "", dry_run: bool = False) -> Pruned:
    """Remove all but the newest `keep` generations (0 = all stay), the active one and the one before it, and
    the one that was `just_built`, which is not the newest where the clock was set back.

    One that a server has opened stays, whatever the pointer says: it holds a lock on the manifest. Where the
    file system has no locks, such a server goes on with what it has mapped, which POSIX keeps until it is let
    go. The manifest goes first, so that nothing half-removed looks whole; what an interrupted removal left is
    removed with the next. The caller holds `data.building()`. Raises ConfigError for what cannot be removed.
    """
    removed: dict[str, int] = {}
    in_use: list[str] = []
    kept: list[str] = []
    gone: list[Path] = []
    with data.pointing():  # so that none is activated between the look at the pointer and the removal
        needed = _needed(data, keep) | {just_built}
        for manifest in data.manifests():
            folder = data.generations_folder / manifest.id
            if keep == 0 or manifest.id in needed:
                kept.append(manifest.id)
            elif _unlisted(folder, dry_run=dry_run):
                removed[manifest.id] = sum(record.size for record in manifest.files.values())
                gone.append(folder)
            else:
                in_use.append(manifest.id)
    if not dry_run:
        for folder in (*gone, *_leftovers(data)):
            _remove(folder)
    return Pruned(removed, tuple(in_use), tuple(kept))


def _needed(data: DataFolder, keep: int) -> set[str]:
    pointer = data.pointer()
    needed = {manifest.id for manifest in data.manifests()[:keep]}
    if pointer is not None:
        needed |= {pointer.active, *pointer.previous[-1:]}
    return needed


def _unlisted(folder: Path, *, dry_run: bool) -> bool:
    """Take the manifest away, after which it is no generation any more; False when a server has opened it."""
    try:
        with held(folder / MANIFEST, alone=True) as ours:
            if ours and not dry_run:
                (folder / MANIFEST).unlink()
                fsync_folder(folder)
            return ours
    except OSError as error:
        raise _refused(folder, error) from None


def _leftovers(data: DataFolder) -> Iterator[Path]:
    """Folders that were generations: a build is published by one rename, with its manifest in it."""
    if data.generations_folder.is_dir():
        for folder in sorted(data.generations_folder.iterdir()):
            if _GENERATION_ID.fullmatch(folder.name) and not (folder / MANIFEST).exists():
                yield folder


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
            fsync_folder(folder.parent)
    except OSError as error:
        raise _refused(folder, error) from None


def _refused(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{folder} cannot be removed: {error.strerror or error}.")
