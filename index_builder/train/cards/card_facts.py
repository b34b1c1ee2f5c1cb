"""What a model card tells and no training knows by itself: sources, licence, versions, hashes, command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any

from engine.backends.fusion_weights import FUSION
from engine.backends.model_files import ONNX_MODEL, SPEC, TOKENIZER, TORCH_FOLDER
from engine.commands.flags import flag_name
from engine.config import Settings
from engine.files import sha256_of
from index_builder.train.cards.model_card import PAGE, UNKNOWN, CardKind, CardSource, DataFile, ModelCard
from index_builder.train.cards.query_hashes import query_hashes
from index_builder.train.queries.query import Origin, TrainingQuery

PACKAGES = (
    *("torch", "transformers", "sentence-transformers", "tokenizers", "accelerate", "peft"),
    *("onnx", "onnxruntime", "numpy", "scipy"),
)
"""Another version of one of these may give other weights from the same data and seed."""
_HASHED = (Origin.JUDGEMENTS, Origin.EVENTS)
_NOT_OF_THE_MODEL = ("out", "preview", "dry_run", "resume", "json_output")
"""Settings that say where a model goes and what is printed."""


def make_card(
    kind: CardKind,
    folder: Path,
    settings: Settings,
    sources: Sequence[CardSource],
    figures: Mapping[str, Mapping[str, float]],
    *,
    seed: int,
    base: Path | None = None,
    base_model: str = "",
) -> ModelCard:
    """Of the finished model in `folder`, made with `settings` from the model in `base`, whose name or path is
    `base_model`; None and "" for what starts from no model.
    """
    name = plain_name(base_model)
    return ModelCard(
        kind=kind,
        base_model=name,
        licence="" if base is None else licence_of(base, name),
        sources=tuple(sources),
        figures={who: {metric: round(each, 6) for metric, each in of.items()} for who, of in figures.items()},
        parameters=parameters_of(settings),
        seed=seed,
        packages=package_versions(),
        weights=weight_hashes(folder),
        command=command_of(kind, settings),
    )


def sources_of(
    train: Iterable[TrainingQuery],
    held_out: Iterable[TrainingQuery] = (),
    files: Mapping[Origin, Sequence[Path]] | None = None,
) -> tuple[CardSource, ...]:
    """One for each origin that has queries, in the order of `Origin`. `files` are those it was read from: of
    JUDGEMENTS queries and judgements, of EVENTS the logs, of GRAPH the catalogue.
    """
    taught, kept = list(train), list(held_out)
    sources = []
    for origin in Origin:
        mine = [query.text for query in taught if query.origin is origin]
        chosen = [query.text for query in kept if query.origin is origin]
        if not mine and not chosen:
            continue
        told = origin in _HASHED
        sources.append(
            CardSource(
                origin,
                len(mine),
                len(chosen),
                tuple(DataFile(path.name, sha256_of(path)) for path in (files or {}).get(origin, ())),
                query_hashes(mine) if told else (),
                query_hashes(chosen) if told else (),
            )
        )
    return tuple(sources)


def inherited(folder: Path, through: str) -> tuple[CardSource, ...]:
    """What a model in `folder` learned from, which a model that learns from it learns, too: a teacher, or a
    base model that was trained itself. () for a folder without a card. `through` says what the model was.
    """
    card = ModelCard.read(folder)
    if card is None and folder.name == TORCH_FOLDER:
        card = ModelCard.read(folder.parent)
    if card is None:
        return ()
    return tuple(
        replace(source, through=f"{through}: {source.through}" if source.through else through)
        for source in card.sources
    )


def licence_of(base: Path, base_model: str) -> str:
    """As the model's own card says (`license:` at the head of README.md), else as the package of that name
    does, else "unknown".
    """
    for page in (base / PAGE, base.parent / PAGE if base.name == TORCH_FOLDER else base / PAGE):
        if found := _licence_on(page):
            return found
    try:
        about: Any = metadata(base_model)
    except (PackageNotFoundError, ValueError):  # ValueError: an empty name
        return UNKNOWN
    return str(about.get("License-Expression") or about.get("License") or UNKNOWN)


def _licence_on(page: Path) -> str:
    try:
        lines = page.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    if not lines or lines[0].strip() != "---":
        return ""
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, _, value = line.partition(":")
        if key == "license":
            return value.strip().strip("\"'")
    return ""


def package_versions() -> dict[str, str]:
    """Of PACKAGES, those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def weight_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of what the model in `folder` consists of, by the file's name there; not of its checkpoints."""
    parts = [folder / name for name in (SPEC, TOKENIZER, ONNX_MODEL, FUSION)]
    parts += (folder / TORCH_FOLDER).rglob("*.safetensors")
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(parts) if path.is_file()}


def parameters_of(settings: Settings) -> dict[str, Any]:
    """What decides a model, with the names of files in the place of their paths, as JSON knows it."""
    return {
        name: json.loads(json.dumps(_without_folder(value)))
        for name, value in settings
        if name not in _NOT_OF_THE_MODEL
    }


def command_of(action: str, settings: Settings) -> str:
    """The command line that makes the model again; `action` is encoder, reranker or fusion."""
    words = ["python", "-m", "index_builder", "train", action]
    for name, info in type(settings).model_fields.items():
        value = getattr(settings, name)
        if name in _NOT_OF_THE_MODEL[1:] or (not info.is_required() and value == info.default):
            continue
        flag = flag_name(name, type(settings))
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
            continue
        given = _without_folder(value)
        for each in given if isinstance(given, list) else [given]:
            words += [flag, str(each)]
    return shlex.join(words)


def _without_folder(value: object) -> object:
    if isinstance(value, tuple):
        return [_without_folder(each) for each in value]
    if isinstance(value, str):
        return plain_name(value)
    return value.name if isinstance(value, Path) else value


def plain_name(model: str) -> str:
    """A base model's name; of a folder's path only the last part, of a hub name both."""
    return Path(model).name if model.startswith(("/", ".", "~")) else model
