"""What the documents say is still so."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from engine.__main__ import COMMANDS
from index_builder.__main__ import SUMMARIES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("engine", "index_builder")
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_give_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)

    assert result.attempted > 0
    assert result.failed == 0


def test_the_readme_names_every_command() -> None:
    for command in COMMANDS:
        assert f"python -m engine {command}" in README
    for command in SUMMARIES:
        assert f"python -m index_builder {command}" in README


def test_the_readme_names_every_call_of_the_contract() -> None:
    contract = "".join(path.read_text() for path in (ROOT / "proto").rglob("*.proto"))

    for call in re.findall(r"rpc (\w+)\(", contract):
        assert f"`{call}`" in README


def test_the_readme_is_short_and_its_files_exist() -> None:
    assert len(README.splitlines()) < 200
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= targets


def test_the_map_names_every_module_of_the_engine_and_every_heavy_library() -> None:
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

    for path in (ROOT / "engine").iterdir():
        if path.stem != "__init__" and not path.name.startswith("__pycache__"):
            assert path.stem in architecture, path.name
