"""The folder in which a training run keeps what it needs to go on after it was killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from index_builder.train.control import TrainingControl
from index_builder.train.encoder.examples import Examples
from index_builder.train.run_claim import claim, drop

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
    claim(control.checkpoints, identity, resume=control.resume, keeps=_OURS)
    folder_of_run = RunFolder(control.checkpoints, keeps=True)
    if control.resume:
        drop(path for path in control.checkpoints.glob("checkpoint-*") if not _is_whole(path))
        if folder_of_run.last_checkpoint()[0] is None:
            drop(path for pattern in _OURS for path in control.checkpoints.glob(pattern))
    yield folder_of_run


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _FINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
