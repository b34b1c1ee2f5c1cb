"""What the parent of several server processes passes on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import cast

from engine.commands.serve_many import _Child, _Family


@dataclass(eq=False)
class Told:
    """A child that keeps what it was told."""

    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_a_swap_is_followed_by_the_others_in_the_collection_where_it_was_made() -> None:
    mover, *others = children = [Told() for _ in range(3)]
    family = _Family(threading.Event(), children=cast("list[_Child]", children))

    family.moved(cast("_Child", mover), "garden")

    assert mover.lines == []
    assert [other.lines for other in others] == [["follow garden"]] * 2
