"""Remembers how the held-out queries fared after which step, and the weights that did best."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file, save
from torch import Tensor

from engine.files import write_atomically
from index_builder.train.encoder.encoder_plan import Evaluation
from index_builder.train.encoder.held_out import SCORE

_EVALUATIONS = "evaluations.json"
_BEST = "best-{}.safetensors"


class BestWeights:
    """The first evaluation is the base model's, whose weights need no keeping. An equal score is no gain.

    Files in `folder` are written whole or not at all, before the checkpoint of the same step, so that a run
    that goes on from there knows all that came before.
    """

    def __init__(self, folder: Path, evaluations: tuple[Evaluation, ...] = ()) -> None:
        self._folder = folder
        self.evaluations = evaluations

    @classmethod
    def resume(cls, folder: Path, step: int) -> BestWeights:
        """As things stood at a step."""
        stored = json.loads((folder / _EVALUATIONS).read_text(encoding="utf-8"))
        evaluations = (Evaluation(each["step"], each["figures"]) for each in stored)
        return cls(folder, tuple(each for each in evaluations if each.step <= step))

    @property
    def best(self) -> Evaluation:
        """Of several equals the first."""
        return max(self.evaluations, key=lambda each: (each.figures[SCORE], -each.step))

    @property
    def waited(self) -> int:
        """How often the held-out queries were searched since the best."""
        return sum(each.step > self.best.step for each in self.evaluations)

    def add(
        self, step: int, figures: Mapping[str, float], weights: Mapping[str, Tensor], *, write: bool = True
    ) -> None:
        """Of several processes that train together, one writes."""
        self.evaluations = (*self.evaluations, Evaluation(step, dict(figures)))
        if not write:
            return
        if step == self.best.step > 0:
            copies = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
            write_atomically(self._folder / _BEST.format(step), save(copies))
        stored = [{"step": each.step, "figures": dict(each.figures)} for each in self.evaluations]
        write_atomically(self._folder / _EVALUATIONS, json.dumps(stored, indent=1).encode())

    def tidy(self) -> None:
        """Remove weights that are not the best any more; once a checkpoint knows of the better ones."""
        for path in self._folder.glob(_BEST.format("*")):
            if path.name != _BEST.format(self.best.step):
                path.unlink()

    def load(self) -> dict[str, Tensor] | None:
        """None when the base model is best."""
        if self.best.step == 0:
            return None
        weights: dict[str, Tensor] = load_file(self._folder / _BEST.format(self.best.step))
        return weights
