"""Where learned weights go: a folder of their own first, and from there into generations."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.backends.fusion_weights import FUSION, PART_FOLDER, FusionWeights
from engine.backends.model_files import ModelSpec
from engine.errors import ConfigError, DamagedGenerationError
from engine.plan import WEIGHT_OF_PART
from index_builder.train.fusion.learn import FusionReport


def write_fusion(report: FusionReport, folder: Path, *, encoder: str) -> None:
    """`folder` is made where it is missing; its fusion.json is replaced. `encoder` is the fingerprint of the
    encoder of the generation that was searched.
    """
    replace(report.weights, encoder=encoder).write(folder)


def add_fusion(folder: Path, work: Path) -> dict[str, Any]:
    """Copy what `write_fusion` wrote (and the model card beside it) into a generation that is being built and
    has its encoder.

    Gives what the manifest shall tell of it. Raises ConfigError for a folder without usable weights, and for
    weights that rank by another encoder than the generation's.
    """
    weights = _opened(folder)
    encoder = ModelSpec.read(work / "encoder").fingerprint
    if weights.learned and weights.encoder != encoder:
        raise ConfigError(
            f"The weights in {folder} were learned with another encoder ({weights.encoder or 'unknown'}) "
            f"than this build's ({encoder}). Build without them, train the fusion on that build, and build "
            "again.",
            path=folder,
        )
    target = work / PART_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.suffix in (".json", ".md"):
            shutil.copyfile(file, target / file.name)
    about = asdict(weights)
    return {name: about[name] for name in ("learned", "reason", "queries", "weights")}


def _opened(folder: Path) -> FusionWeights:
    try:
        weights = FusionWeights.open(folder, WEIGHT_OF_PART)
    except DamagedGenerationError as damaged:
        raise ConfigError(f"The weights in {folder} cannot be used: {damaged.message}", path=folder) from None
    if weights is None:
        raise ConfigError(
            f"{folder} holds no {FUSION}. Give a folder that index_builder train fusion wrote.", path=folder
        )
    return weights
