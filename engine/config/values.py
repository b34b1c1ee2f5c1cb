"""Kinds of values that settings have, and what is said of those that are none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from engine.collection import is_collection_name

DEFAULT_PORT = 50051
DEFAULT_METRICS_PORT = 9464
ENV_PREFIX = "CARTOGRAPH_"

Device = Literal["auto", "cpu", "cuda"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


def _split(value: object) -> object:
    """A variable holds a list as text, with commas between its entries."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _collector(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/]+/?", value):
        raise PydanticCustomError("collector", "give scheme, host and port, as http://localhost:4317")
    return value


def _collection(value: str) -> str:
    if not is_collection_name(value):
        raise PydanticCustomError(
            "collection",
            "a collection's name is 1 to 63 lower-case letters, digits and hyphens, and begins with a letter",
        )
    return value


def _named_folders(value: object) -> object:
    """NAME=FOLDER of flags and variables; a table of a file holds them apart already."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    parts = _split(value)
    return tuple(map(_named_folder, parts)) if isinstance(parts, list | tuple) else parts


def _named_folder(part: object) -> object:
    if not isinstance(part, str):
        return part
    name, _, folder = part.partition("=")
    if not folder:
        raise PydanticCustomError("collection", "give a name and a data folder, as garden=data/garden")
    return name, folder


def _apart(value: tuple[tuple[str, Path], ...]) -> tuple[tuple[str, Path], ...]:
    for what, each in (
        ("name", [name for name, _ in value]),
        ("data folder", [folder.resolve() for _, folder in value]),
    ):
        if len(set(each)) < len(each):
            raise PydanticCustomError(
                "collection",
                "two collections have the same {what}; each needs one of its own",
                {"what": what},
            )
    return value


Collector = Annotated[str, AfterValidator(_collector)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
CollectionName = Annotated[str, AfterValidator(_collection)]
CollectionNames = Annotated[tuple[CollectionName, ...], NoDecode, BeforeValidator(_split)]
NamedFolders = Annotated[
    tuple[tuple[CollectionName, Path], ...], NoDecode, BeforeValidator(_named_folders), AfterValidator(_apart)
]
