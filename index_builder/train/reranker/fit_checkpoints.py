"""What a killed training needs to go on: one file for each fit, replaced by one rename.

Tensors and numbers only, read with torch's `weights_only`, so that a file from elsewhere can run no code.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.errors import ConfigError
from engine.files import write_atomically

SUFFIX = ".fit.pt"


@dataclass(slots=True)
class FitState:
    """Where a fit stands after `step` steps. `weights` are the trained ones alone, by name; frozen ones are
    in the base model. `best`, the weights of the best evaluation so far, is empty before the first.
    """

    fingerprint: str
    step: int
    weights: Mapping[str, torch.Tensor]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    random: torch.Tensor
    losses: list[float]
    best: Mapping[str, torch.Tensor]
    best_step: int
    best_quality: tuple[float, float, float]
    misses: int
    finished: bool


def write_state(path: Path, state: FitState) -> None:
    content = io.BytesIO()
    torch.save({name: getattr(state, name) for name in FitState.__slots__}, content)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_atomically(path, content.getvalue())
    except OSError as error:
        raise ConfigError(
            f"The checkpoint {path} cannot be written ({error.strerror}); make room, or choose another "
            "folder, and resume.",
            path=path,
        ) from error


def read_state(path: Path, fingerprint: str) -> FitState | None:
    """None when there is no file, or one of a fit with other input. Raises ConfigError for a damaged file."""
    if not path.is_file():
        return None
    try:
        state = FitState(**torch.load(path, map_location="cpu", weights_only=True))
    except (RuntimeError, TypeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise ConfigError(
            f"The checkpoint {path} is damaged; remove it and train again without resuming.", path=path
        ) from error
    return state if state.fingerprint == fingerprint else None


def fingerprint_of(*parts: object, tensors: Iterable[torch.Tensor] = ()) -> str:
    """SHA-256 over the text of `parts` and the bytes of `tensors`."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode("utf-8", "replace"))
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
