"""Command-line flags made from settings, so that each is described in one place only."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.config import ENV_PREFIX, Settings


def flag_name(field: str, model: type[Settings]) -> str:
    given = _extra(model.model_fields[field]).get("flag")
    return str(given) if given else f"--{field.replace('_', '-')}"


def _extra(info: FieldInfo) -> Mapping[str, Any]:
    """What a setting says of its flag."""
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def add_flags(parser: argparse.ArgumentParser, model: type[Settings]) -> None:
    """One flag for every setting. Those not given stay out of the namespace: see `given_flags`.

    Values stay text here: the settings check them, so that every source is judged alike.
    """
    for field, info in model.model_fields.items():
        options: dict[str, Any] = {
            "dest": field,
            "default": argparse.SUPPRESS,
            "help": _help(field, info).replace("%", "%%"),
        }
        if info.annotation is bool:
            options["action"] = argparse.BooleanOptionalAction if info.default else "store_true"
        elif get_origin(info.annotation) is tuple:
            options |= {"action": "extend", "metavar": _metavar(field, info)}
            # An optional list takes one value a flag, so that it cannot swallow what stands behind it; one
            # whose values belong together says how many there are.
            options |= {"nargs": "+" if info.is_required() else _extra(info).get("nargs", 1)}
        else:
            options["metavar"] = _metavar(field, info)
        parser.add_argument(flag_name(field, model), **options)


def given_flags(namespace: argparse.Namespace, model: type[Settings]) -> dict[str, Any]:
    return {field: value for field, value in vars(namespace).items() if field in model.model_fields}


def _help(field: str, info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        default = "required"
    elif info.default in (None, "", ()):
        default = "default: none"
    elif isinstance(info.default, bool):
        default = f"default: {'on' if info.default else 'off'}"
    else:
        default = f"default: {info.default}"
    return f"{info.description} [{default}; {ENV_PREFIX}{field.upper()}]"


def _metavar(field: str, info: FieldInfo) -> str:
    choices = [choice for choice in get_args(info.annotation) if isinstance(choice, str)]
    if choices:
        return "|".join(choices)
    if info.annotation is int:
        return "N"
    if info.annotation is float:
        return "SECONDS" if (info.description or "").startswith("Seconds") else "NUMBER"
    by_name = {"data": "DIR", "out": "DIR", "port_file": "FILE", "host": "ADDRESS", "target": "HOST:PORT"}
    by_name |= {"collection": "NAME", "collections": "NAME=DIR"}
    is_path = Path in (info.annotation, *get_args(info.annotation))
    return by_name.get(field, "PATH" if is_path else "TEXT")
