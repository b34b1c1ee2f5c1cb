"""Cosines of any encoder on one scale, so that one weight suits them all.

How far cosines spread is a habit of an encoder: all-MiniLM puts a random product at .15 and a typical answer
at .60, fine-tuned it puts them at .05 and .63, and E5 keeps everything between .7 and .9. Weighing the bare
cosine would make meaning count a third more after fine-tuning, and next to nothing with E5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray

REFERENCE_RANDOM, REFERENCE_ANSWER = 0.15, 0.60
"""Those of all-MiniLM-L6-v2 in two shops (.15 and .60, .12 and .58), for which the weights were set."""


@dataclass(frozen=True, slots=True)
class CosineScale:
    """`random` is the encoder's mean cosine of a query and any product, `answer` that of a query and one that
    answers it; `answer` is the larger.
    """

    random: float = REFERENCE_RANDOM
    answer: float = REFERENCE_ANSWER

    def closeness(self, cosines: FloatArray) -> NDArray[np.float64]:
        """Float64, 0 and up: .15 for what is as close as any product, .60 for a typical answer."""
        stretch = (REFERENCE_ANSWER - REFERENCE_RANDOM) / (self.answer - self.random)
        scaled = REFERENCE_RANDOM + (cosines.astype(np.float64) - self.random) * stretch
        return np.maximum(scaled, 0.0)
