"""Models that `train` wrote and a build is given: checked before anything long runs, then copied."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from engine.backends.fusion_weights import FUSION, FusionWeights
from engine.backends.model_files import (
    ONNX_MODEL,
    SPEC,
    TOKENIZER,
    TORCH_FOLDER,
    ModelSpec,
    fingerprint_of,
)
from engine.backends.onnx_cross_encoder import OnnxCrossEncoder
from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.tokens import SEGMENTS
from engine.errors import ConfigError, DamagedGenerationError
from engine.plan import WEIGHT_OF_PART
from index_builder.config import BuildSettings
from index_builder.train.cards.model_card import CARD, PAGE, ModelCard

_SAMPLES = ("black hp ink", "黑色 墨盒")


class ModelKind(StrEnum):
    """The value is the flag that a folder is given by, and the word for what `train` makes."""

    ENCODER = "encoder"
    RERANKER = "reranker"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A folder that was found whole, of the right kind, and unchanged since it was written."""

    folder: Path
    spec: ModelSpec
    card: ModelCard | None = None

    @classmethod
    def read(cls, folder: Path, kind: ModelKind) -> TrainedModel:
        """Raises ConfigError, which says what is wrong with the folder and how to go on."""
        _check_folder(folder, kind)
        try:
            model = cls(folder, ModelSpec.read(folder), ModelCard.read(folder))
            model._check_kind(kind)
            model._check_files(kind)
            _check_answers(folder, kind)
        except DamagedGenerationError as damaged:
            raise ConfigError(
                f"{damaged.path} {damaged.problem}. Copy the folder again, or train the {kind} again.",
                path=damaged.path,
            ) from damaged
        return model

    def copy(self, out: Path) -> None:
        """The model and what tells of it, without checkpoints and curves."""
        out.mkdir(parents=True, exist_ok=True)
        for name in (SPEC, TOKENIZER, ONNX_MODEL):
            shutil.copyfile(self.folder / name, out / name)
        shutil.copytree(self.folder / TORCH_FOLDER, out / TORCH_FOLDER, copy_function=shutil.copyfile)
        self.copy_papers(out)

    def copy_papers(self, out: Path) -> None:
        for name in (CARD, PAGE):
            if (self.folder / name).is_file():
                shutil.copyfile(self.folder / name, out / name)

    def about(self) -> dict[str, Any]:
        """What the manifest tells of it: where it has a card, what it learned from and how well it does."""
        told = {"base_model": self.spec.base_model, "fingerprint": self.spec.fingerprint, "trained": True}
        if self.card is None:
            return told
        learned: Counter[str] = Counter()
        for source in self.card.sources:
            learned[source.origin] += source.queries
        return {**told, "learned_from": dict(learned), "figures": self.card.figures}

    def can_be_cut(self, dimension: int) -> bool:
        """Whether it was trained for embeddings of so many components, as its card tells."""
        return self.card is not None and dimension in self.card.parameters.get("dimensions", ())

    def _check_kind(self, kind: ModelKind) -> None:
        found = ModelKind.RERANKER if SEGMENTS in self.spec.inputs else ModelKind.ENCODER
        if found is not kind:
            raise ConfigError(
                f"{self.folder} holds {_A[found]}, not {_A[kind]}: give it as --{found}.", path=self.folder
            )

    def _check_files(self, kind: ModelKind) -> None:
        for name in (TOKENIZER, ONNX_MODEL, TORCH_FOLDER):
            if not (self.folder / name).exists():
                raise DamagedGenerationError(self.folder / name, "is missing")
        if fingerprint_of(self.folder, self.spec) != self.spec.fingerprint:
            raise ConfigError(
                f"The files in {self.folder} are not those that its {SPEC} was written for: one of them was "
                f"changed or exchanged. Copy the folder again, or train the {kind} again.",
                path=self.folder,
            )


_A = {ModelKind.ENCODER: "an encoder", ModelKind.RERANKER: "a cross-encoder"}


@dataclass(frozen=True, slots=True)
class TrainedModels:
    """Those that a build was given; None where it makes its own."""

    encoder: TrainedModel | None = None
    reranker: TrainedModel | None = None
    fusion: Path | None = None

    @classmethod
    def read(cls, settings: BuildSettings) -> TrainedModels:
        """Raises ConfigError for the first folder that cannot be used."""
        return cls(
            _given(settings.encoder, ModelKind.ENCODER),
            _given(settings.reranker, ModelKind.RERANKER),
            _fusion(settings.fusion),
        )


def _given(folder: Path | None, kind: ModelKind) -> TrainedModel | None:
    return None if folder is None else TrainedModel.read(folder, kind)


def _fusion(folder: Path | None) -> Path | None:
    """Whether the weights fit the build's encoder is told once that is there (train/fusion/store.py)."""
    if folder is None:
        return None
    try:
        weights = FusionWeights.open(folder, WEIGHT_OF_PART)
    except DamagedGenerationError as damaged:
        raise ConfigError(
            f"{damaged.path} {damaged.problem}. Train the fusion again.", path=damaged.path
        ) from damaged
    if weights is None:
        raise ConfigError(
            f"{folder} holds no {FUSION}. Give the folder that `train fusion --out` wrote (--fusion).",
            path=folder,
        )
    return folder


def _check_folder(folder: Path, kind: ModelKind) -> None:
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder} to take the {kind} from (--{kind}).", path=folder)
    if (folder / SPEC).is_file():
        return
    hint = f"Give the folder that `train {kind} --out` wrote."
    if (folder / FUSION).is_file():
        hint = "It holds weights of the score's parts: give it as --fusion."
    elif any((folder / name).is_file() for name in ("modules.json", "config.json")):
        hint = "It looks like a model to start from: give it as --base-model."
    raise ConfigError(f"{folder} holds no trained {kind}: {SPEC} is missing. {hint}", path=folder)


def _answers_as_encoder(folder: Path) -> bool:
    encoder = OnnxEncoder.open(folder, threads=1)
    lengths = np.linalg.norm(encoder.encode_queries(_SAMPLES), axis=1)
    return bool(np.allclose(lengths, 1, atol=1e-3))


def _answers_as_reranker(folder: Path) -> bool:
    scores = OnnxCrossEncoder.open(folder, threads=1).score(_SAMPLES[0], _SAMPLES)
    return bool(((scores >= 0) & (scores <= 1)).all())


_ANSWERS: Mapping[ModelKind, Callable[[Path], bool]] = {
    ModelKind.ENCODER: _answers_as_encoder,
    ModelKind.RERANKER: _answers_as_reranker,
}


def _check_answers(folder: Path, kind: ModelKind) -> None:
    """Open the model and ask it something."""
    try:
        if _ANSWERS[kind](folder):
            return
    except DamagedGenerationError:
        raise
    except Exception as error:  # what ONNX Runtime raises for other inputs or outputs has no common base
        raise DamagedGenerationError(folder / ONNX_MODEL, f"does not answer as {_A[kind]} does") from error
    raise DamagedGenerationError(folder / ONNX_MODEL, f"does not answer as {_A[kind]} does")
