"""Reads settings from flags, the environment and a TOML file; says in one sentence what is wrong there."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from engine.commands.flags import add_flags, flag_name
from engine.config import ENV_PREFIX, Settings
from engine.errors import ConfigError

CONFIG_VARIABLE = f"{ENV_PREFIX}CONFIG"
TABLES = (
    *("serve", "search", "key", "backup", "restore", "check", "doctor"),
    *("build", "evaluate", "inspect", "prune", "graph", "train"),
)
"""Of one file, shared by every command; each reads its own and leaves the others unread."""

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Values from one place. `prefix` and `suffix` make the name by which a user knows a field there."""

    values: Mapping[str, Any]
    where: str

    def name_of(self, field: str, model: type[Settings]) -> str:
        if self.where == "flags":
            return flag_name(field, model)
        if self.where == "environment":
            return f"{ENV_PREFIX}{field.upper()}"
        return f"{field} in [{model.table}] of {self.where}"


def add_settings(parser: argparse.ArgumentParser, model: type[Settings]) -> None:
    """A flag for every setting, and --config for the file they may stand in."""
    add_flags(parser, model)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"TOML file with a table [{model.table}] of these settings, their names with underscores "
        f"[default: none; {CONFIG_VARIABLE}]",
    )


def read_settings(model: type[S], flags: Mapping[str, Any], config: Path | None = None) -> S:
    """Join the sources, the highest first: `flags`, CARTOGRAPH_*, the file, the defaults.

    `config` is the value of --config; without it CARTOGRAPH_CONFIG names the file, if any.
    Raises ConfigError naming the flag, variable or key at fault.
    """
    layers = tuple(_layers(model, flags, config))
    merged: dict[str, Any] = {}
    origin: dict[str, _Layer] = {}
    for layer in layers:
        chosen = [name for name in model.alternatives if name in layer.values]
        if len(chosen) > 1:
            both = " and ".join(layer.name_of(name, model) for name in chosen)
            raise ConfigError(f"{both} exclude each other; give one of them.")
        silenced = model.alternatives if any(name in merged for name in model.alternatives) else ()
        for field, value in layer.values.items():
            if field not in merged and field not in silenced:
                merged[field], origin[field] = value, layer
    if model.needs_one and not any(merged.get(name) for name in model.alternatives):
        flags_needed = " or ".join(flag_name(name, model) for name in model.alternatives)
        raise ConfigError(f"{flags_needed} is missing; give one of them.")
    try:
        return model(**merged)
    except ValidationError as error:
        raise ConfigError(_sentence(error, model, origin)) from None


def _layers(model: type[Settings], flags: Mapping[str, Any], config: Path | None) -> Iterator[_Layer]:
    yield _Layer(flags, "flags")
    yield _Layer(EnvSettingsSource(model)(), "environment")
    path = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if path is not None:
        yield _Layer(_read_table(path, model), str(path))


def _read_table(path: Path, model: type[Settings]) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise ConfigError(f"The settings file {path} is not TOML: {error}.") from None
    for key, value in content.items():
        if not isinstance(value, dict):
            raise ConfigError(f"{path}: {key!r} stands alone; put it into a table, such as [{model.table}].")
        if key not in TABLES:
            raise ConfigError(f"{path}: [{key}] is no command.{_hint(key, TABLES)}")
    table: Mapping[str, Any] = content.get(model.table, {})
    for key in table:
        if key not in model.model_fields and key not in model.also_in_table:
            raise ConfigError(
                f"{path}: {key!r} in [{model.table}] is no setting.{_hint(key, tuple(model.model_fields))}"
            )
    return {key: value for key, value in table.items() if key in model.model_fields}


def _hint(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]}?" if close else f" There are {', '.join(known)}."


def _sentence(error: ValidationError, model: type[Settings], origin: Mapping[str, _Layer]) -> str:
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0])
    if first["type"] == "missing":
        return (
            f"{flag_name(field, model)} is missing; give it, or set {ENV_PREFIX}{field.upper()}, or "
            f"{field} in [{model.table}] of a settings file."
        )
    problem = first["msg"][:1].lower() + first["msg"][1:]
    return f"{origin[field].name_of(field, model)} is {first['input']!r}: {problem}."
