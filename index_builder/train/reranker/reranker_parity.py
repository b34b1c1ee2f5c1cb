"""Whether the model that will serve, in int8, scores as the one that was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import ConfigError
from engine.types import FloatArray
from index_builder.train.reranker.pair_lists import PairList

MIN_TAU = 0.8
MIN_OVERLAP = 0.8
MAX_DIFFERENCE = 0.25
"""Limits on the means of both and on the largest difference of one pair's probability. int8 moves a
probability near 1/2 most; what it may not do is reorder the lists that shoppers see.
"""
_TOP = 10


@dataclass(frozen=True, slots=True)
class Parity:
    """int8 ONNX against float32 torch, over `pairs`. `tau`: mean over lists of Kendall's tau-b; `overlap`:
    mean share of the first ten (of the first half, in shorter lists) that both have; `difference`: the
    largest of a pair's probability.
    """

    pairs: int
    tau: float
    overlap: float
    difference: float

    @property
    def figures(self) -> dict[str, float]:
        """For a model card."""
        return {"tau": self.tau, "top-10 overlap": self.overlap, "largest difference": self.difference}


def check_parity(folder: Path, lists: Sequence[PairList], logits: Sequence[FloatArray]) -> Parity:
    """Compare `model.onnx` of a model folder with the trained model's `logits` of the same lists.

    Raises ConfigError when it differs by more than the limits, which are those of the constants above.
    """
    from engine.backends.model_files import ModelSpec
    from engine.backends.onnx_model import OnnxModel

    encodings = [encoding for each in lists for encoding in each.encodings]
    flat = OnnxModel(folder, ModelSpec.read(folder), threads=1).run(encodings)[:, 0]
    served = np.split(flat, np.cumsum([len(each) for each in lists])[:-1])
    parity = parity_of([_probabilities(each) for each in logits], served)
    if parity.tau < MIN_TAU or parity.overlap < MIN_OVERLAP or parity.difference > MAX_DIFFERENCE:
        raise ConfigError(
            f"The reranker in int8 differs from the trained one: Kendall's tau {parity.tau:.3f} (at least "
            f"{MIN_TAU}), overlap of the first ten {parity.overlap:.3f} (at least {MIN_OVERLAP}), largest "
            f"difference of a probability {parity.difference:.3f} (at most {MAX_DIFFERENCE}); train it with "
            "another base model, or with a lower learning rate.",
            folder=folder,
        )
    return parity


def _probabilities(logits: FloatArray) -> FloatArray:
    probabilities: FloatArray = np.exp(-np.logaddexp(np.float32(0), -logits)).astype(np.float32)
    return probabilities


def parity_of(trained: Sequence[FloatArray], served: Sequence[FloatArray]) -> Parity:
    """Of lists of probabilities, float32 (n,), n >= 1; lists of one product say nothing of the order."""
    from scipy.stats import kendalltau

    taus, overlaps, difference = [], [], 0.0
    for first, second in zip(trained, served, strict=True):
        difference = max(difference, float(np.abs(first - second).max()))
        if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
            continue
        taus.append(float(kendalltau(first, second).statistic))
        depth = min(_TOP, (len(first) + 1) // 2)
        tops = [set(np.argsort(-each, kind="stable")[:depth].tolist()) for each in (first, second)]
        overlaps.append(len(tops[0] & tops[1]) / depth)
    return Parity(
        sum(len(each) for each in trained),
        float(np.mean(taus)) if taus else 1.0,
        float(np.mean(overlaps)) if overlaps else 1.0,
        difference,
    )
