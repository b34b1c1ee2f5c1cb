"""Where the figures of a training run go: TensorBoard, a history beside the model, and Weights & Biases.

TensorBoard reads `runs/` in the model's folder: `tensorboard --logdir OUT/runs`. Weights & Biases is told
when its own variable WANDB_API_KEY is set; it is a service, and nothing that goes wrong there stops a run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from index_builder.train.cards.history import HISTORY, History
from index_builder.train.control import NoTracker, Tracker

RUNS = "runs"
KEY = "WANDB_API_KEY"
PROJECT = "cartograph"
EXTRA = "pip install 'cartograph-search[train]'"
_FLUSH = 10
"""Seconds that TensorBoard waits for figures at most, and that a killed run loses."""
_PATIENCE = 20
"""Seconds that Weights & Biases has to answer when a run starts."""


@contextmanager
def open_tracker(
    folder: Path,
    name: str,
    parameters: Mapping[str, object],
    *,
    resume: bool = False,
    warn: Callable[[str], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[Tracker]:
    """Keeps figures in `folder` (made when absent) until the block ends, however it ends. With `resume` the
    run that is there goes on, else its history and TensorBoard files are replaced. `name` and `parameters`
    are shown beside the curves. `warn` (default: stderr) is told once that Weights & Biases cannot be used.

    Of several processes that train one model together only the first keeps anything. Raises ConfigError where
    tensorboard is not installed.
    """
    if environment.get("RANK", "0") != "0":
        yield NoTracker()
        return
    _check_tensorboard()
    folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        shutil.rmtree(folder / RUNS, ignore_errors=True)
    history = History.resume(folder / HISTORY) if resume else History.start(folder / HISTORY)
    board = _Board(folder / RUNS, name, parameters, goes_on=resume)
    service = _Service(warn or _on_stderr)
    if environment.get(KEY):
        service.start(folder, name, parameters)
    try:
        yield _Everywhere((history, board, service))
    finally:
        board.close()
        service.close()


@dataclass(frozen=True, slots=True)
class _Everywhere:
    trackers: tuple[Tracker, ...]

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for tracker in self.trackers:
            tracker.log(step, figures)


@dataclass(slots=True)
class _Board:
    """A run that goes on hides what TensorBoard was told of the steps it says again, and of later ones: the
    file is opened with its first figures, which say from where.
    """

    folder: Path
    name: str
    parameters: Mapping[str, object]
    goes_on: bool
    writer: Any = None

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(
                str(self.folder), purge_step=step if self.goes_on else None, flush_secs=_FLUSH
            )
            if not self.goes_on:
                self.writer.add_text("parameters", _as_table(self.name, self.parameters), step)
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


@dataclass(slots=True)
class _Service:
    """Weights & Biases. After the first failure it is left alone."""

    warn: Callable[[str], None]
    run: Any = field(default=None)

    def start(self, folder: Path, name: str, parameters: Mapping[str, object]) -> None:
        try:
            import wandb
        except ImportError:
            self.warn(
                f"{KEY} is set, but wandb is not installed, so Weights & Biases is told nothing "
                "(pip install wandb)."
            )
            return
        with self._forgiving("start"):
            self.run = wandb.init(
                project=PROJECT,
                name=name,
                config=dict(parameters),
                dir=str(folder),
                settings=wandb.Settings(silent=True, console="off", init_timeout=_PATIENCE),
            )

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        if self.run is not None:
            with self._forgiving("keep figures"):
                self.run.log(dict(figures), step=step)

    def close(self) -> None:
        if self.run is not None:
            with self._forgiving("finish"):
                self.run.finish()
        self.run = None

    @contextmanager
    def _forgiving(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # the service's own errors have no common base, nor have the network's
            self.run = None
            said = str(error).splitlines()
            self.warn(f"Weights & Biases cannot {what} ({said[0] if said else type(error).__name__}).")


def _check_tensorboard() -> None:
    try:
        import torch.utils.tensorboard  # noqa: F401 (whether it can be imported is the question)
    except ImportError:
        raise ConfigError(
            f"Training needs the package tensorboard: {EXTRA}.", package="tensorboard"
        ) from None


def _as_table(name: str, parameters: Mapping[str, object]) -> str:
    rows = [f"| {key} | {value} |" for key, value in sorted(parameters.items())]
    return "\n".join([f"| {name} | |", "|---|---|", *rows])


def _on_stderr(sentence: str) -> None:
    sys.stderr.write(f"warning: {sentence}\n")
