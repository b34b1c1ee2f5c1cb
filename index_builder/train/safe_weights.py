"""Refuses weights that are kept as pickles: opening one runs whatever code its maker put into it."""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import ConfigError

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


def check_safetensors(model: Path) -> None:
    """`model` is a sentence-transformers or transformers folder. Raises ConfigError when one of its modules
    has its weights in nothing but pickles; where safetensors lie beside them, those are what is read.
    """
    for folder in _module_folders(model):
        pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        if pickles and not any(folder.glob("*.safetensors")):
            raise ConfigError(
                f"{folder / pickles[0]} is a pickle, which can run code when it is opened, and there are no "
                "safetensors beside it; give a copy of the model that has model.safetensors.",
                path=folder / pickles[0],
            )


def _module_folders(model: Path) -> list[Path]:
    """The folders that modules.json names, and the model's own."""
    try:
        modules = json.loads((model / "modules.json").read_text(encoding="utf-8"))
        named = {model / str(module.get("path", "")) for module in modules}
    except FileNotFoundError:
        named = set()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(f"{model / 'modules.json'} is no list of modules ({error}).", path=model) from error
    return sorted({model, *named})
