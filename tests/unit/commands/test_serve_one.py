"""What one of several server processes is told of swaps, and tells."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field
from typing import cast

import pytest

from engine.commands.serve_one import _listen
from engine.errors import ConfigError
from engine.logs import configure_logs
from engine.serving import ServingEngine


@dataclass
class Followed:
    """Counts how often it was told to follow the pointer of its data folder; fails when it `fails`."""

    fails: bool = False
    told: list[None] = field(default_factory=list)

    def follow(self) -> None:
        self.told.append(None)
        if self.fails:
            raise ConfigError("No generation is active.")


def listen(lines: str, engines: dict[str, Followed]) -> bool:
    """Whether the end of the lines stopped it."""
    stop = threading.Event()
    _listen(io.StringIO(lines), cast("dict[str, ServingEngine]", engines), stop)
    return stop.is_set()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("follow garden\n", {"garden": 1, "fashion": 0}),
        ("follow garden\nfollow fashion\nfollow garden\n", {"garden": 2, "fashion": 1}),
        ("", {"garden": 0, "fashion": 0}),
    ],
)
def test_the_collection_that_was_moved_is_followed_and_no_other(lines: str, told: dict[str, int]) -> None:
    engines = {"garden": Followed(), "fashion": Followed()}

    assert listen(lines, engines)
    assert {name: len(engine.told) for name, engine in engines.items()} == told


def test_a_catalogue_without_a_name_is_followed_without_one() -> None:
    engine = Followed()

    assert listen("follow \nfollow\n", {"": engine})
    assert len(engine.told) == 2


def test_one_that_cannot_be_followed_is_told_by_name_and_keeps_no_other_from_it() -> None:
    log = io.StringIO()
    configure_logs("info", "json", log)
    engines = {"garden": Followed(fails=True), "fashion": Followed()}

    assert listen("follow garden\nfollow fashion\n", engines)
    (line,) = (json.loads(text) for text in log.getvalue().splitlines())
    assert (line["event"], line["collection"]) == ("generation not followed", "garden")
    assert len(engines["fashion"].told) == 1
