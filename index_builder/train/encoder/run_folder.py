"""The folder in which a training run keeps what it needs to go on after it was killed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import ConfigError
from engine.files import write_atomically
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.examples import Examples
from index_builder.train.queries.query import TrainingQuery

_RUN = "run.json"
_FINISHED = "trainer_state.json"
"""The trainer writes it last, so that a checkpoint without it was cut off."""
_OURS = ("checkpoint-*", "round-*.npz", "best-*.safetensors", "evaluations.json", "base")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`keeps` is False for a run that cannot be continued; its folder is a temporary one."""

    path: Path
    keeps: bool

    def last_checkpoint(self) -> tuple[Path | None, int]:
        """The newest whole checkpoint with its step; (None, 0) before the first one."""
        steps = sorted(
            (int(path.name.rpartition("-")[2]), path)
            for path in self.path.glob("checkpoint-*")
            if _is_whole(path)
        )
        return (steps[-1][1], steps[-1][0]) if steps else (None, 0)

    def examples(self, round_: int) -> Examples | None:
        path = self._round(round_)
        return Examples.read(path) if path.is_file() else None

    def keep_examples(self, round_: int, examples: Examples) -> None:
        """Written before the round begins: mining again would find others, for the weights have moved."""
        examples.write(self._round(round_))

    def _round(self, round_: int) -> Path:
        return self.path / f"round-{round_}.npz"


@contextmanager
def open_run_folder(control: TrainingControl, identity: str) -> Iterator[RunFolder]:
    """The folder of the run, empty unless it goes on. `identity` stands for all that decides the result.

    Raises ConfigError when the run that is there had another identity, or when nothing is there to resume.
    """
    if control.checkpoints is None:
        with TemporaryDirectory(prefix="cartograph-train-") as folder:
            yield RunFolder(Path(folder), keeps=False)
        return
    folder_of_run = RunFolder(control.checkpoints, keeps=True)
    if control.resume:
        _check_same(control.checkpoints, identity)
        _drop(path for path in control.checkpoints.glob("checkpoint-*") if not _is_whole(path))
        if folder_of_run.last_checkpoint()[0] is None:
            _drop(path for pattern in _OURS for path in control.checkpoints.glob(pattern))
    else:
        control.checkpoints.mkdir(parents=True, exist_ok=True)
        _drop(path for pattern in _OURS for path in control.checkpoints.glob(pattern))
        content = json.dumps({"identity": identity}).encode()
        write_atomically(control.checkpoints / _RUN, content)
    yield folder_of_run


def identity_of(plan: object, *groups: Sequence[TrainingQuery], texts: Sequence[str]) -> str:
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


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _FINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _drop(paths: Iterator[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
