"""Ways in which a model's folder can be damaged, for every kind of model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scribble(path: Path) -> None:
    path.write_text("{}", encoding="utf-8")


DAMAGES: dict[str, Callable[[Path], None]] = {"missing": _remove, "cut": _cut, "replaced": _scribble}


def damaged_copy(folder: Path, into: Path, name: str, damage: str) -> Path:
    copy = into / "model"
    shutil.copytree(folder, copy)
    DAMAGES[damage](copy / name)
    return copy
