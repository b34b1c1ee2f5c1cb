"""Weights of a score's parts that were learned from a shop's judgements: `fusion/fusion.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.errors import DamagedGenerationError

FUSION = "fusion.json"
PART_FOLDER = "fusion"
"""The generation's part that the file lies in; one without it is ranked by the weights set by hand."""
PARTS_VERSION = 1
"""Of what the parts mean. Raise it when a part's values change: learned weights are worth nothing then."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """`learned` says whether `weights` (by the part's name, none negative) shall rank; where it is False they
    are empty, and `reason` says why. `queries` were learned from. `figures` tells how held-out queries
    were ranked, by whose weights and by metric. `encoder` is the fingerprint of the one whose cosines were
    weighed (`ModelSpec.fingerprint`): another one's are spread differently.
    """

    learned: bool
    reason: str
    queries: int
    weights: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    encoder: str = ""
    parts_version: int = PARTS_VERSION

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
        (folder / FUSION).write_text(text, encoding="utf-8")

    @classmethod
    def open(cls, folder: Path, known: Collection[str]) -> FusionWeights | None:
        """None where the folder has no such file. `known` are the parts that this engine weighs.

        Raises DamagedGenerationError naming the file: for one that cannot be read, and for one that another
        version of the engine wrote (other parts, or parts that mean something else).
        """
        path = folder / FUSION
        try:
            kept = cls(**json.loads(path.read_text(encoding="utf-8")))
            kept.check(path, known)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, AttributeError) as problem:
            raise DamagedGenerationError(path, f"cannot be read ({problem})") from problem
        return kept

    def check(self, path: Path, known: Collection[str]) -> None:
        """Raises DamagedGenerationError for weights that this engine cannot rank by."""
        if self.parts_version != PARTS_VERSION:
            raise DamagedGenerationError(
                path,
                f"weighs version {self.parts_version} of the score's parts, and this engine's is "
                f"{PARTS_VERSION}: the fusion has to be trained again",
            )
        if unknown := sorted(set(self.weights) - set(known)):
            raise DamagedGenerationError(
                path,
                f"weighs {', '.join(unknown)}, which this engine does not know (it knows "
                f"{', '.join(sorted(known))}): the fusion has to be trained again",
            )
        if not isinstance(self.learned, bool):
            raise TypeError(f"learned is {self.learned!r}, neither true nor false")
        for part, weight in self.weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float):
                raise TypeError(f"the weight of {part} is {weight!r}, not a number")
            if not math.isfinite(weight) or weight < 0:
                raise ValueError(f"the weight of {part} is {weight}, not a number from 0 on")
