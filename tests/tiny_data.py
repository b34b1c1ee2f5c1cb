"""A data folder of a few kilobytes, for what copies, moves, or damages files without looking into them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from engine.backends.change_log import ChangeLog, ChangeReader
from engine.backends.change_log_schema import holds_log
from engine.generation import PARTS, DataFolder
from engine.manifest import folded_parameters
from engine.types import FoldedChanges
from index_builder.publish import Summary, publish, seal
from tests.change_samples import Content, content, request, upsert

NOTHING_FOLDED = FoldedChanges()

State: TypeAlias = tuple[str, list[tuple[int, Content]]]
"""The active generation, and all changes that the log has, with their sequences."""


def publish_tiny(
    data: Path, text: str, *, folded: FoldedChanges = NOTHING_FOLDED, size: int = 500, activate: bool = True
) -> str:
    """The id of a generation whose files are made of `text`."""
    work = data / "building" / text
    for part in PARTS:
        (work / part / "more").mkdir(parents=True)
        (work / part / "more" / "file.bin").write_text(f"{part} of {text}".ljust(size))
    seal(work, Summary("0.1", 4, 3, 2, 10, 0.97, folded_parameters(folded), {}, {}))
    generation = publish(work, data, activate=activate)
    work.parent.rmdir()
    return generation.id


def change(data: Path, *numbers: int) -> None:
    """A request for every number, each with two changes."""
    with closing(ChangeLog.open(data / "live")) as log:
        for number in numbers:
            commit(log, number)


def commit(log: ChangeLog, number: int) -> None:
    changes = (upsert(number % 5, number), upsert(number % 7 + 5, number))
    log.commit([request(*changes, request_id=f"r{number}", outcome=b"%d" % number)])


def state_of(data: Path) -> State:
    """What a server would serve of it; everything is read and verified."""
    active = DataFolder.open(data).open_active(verify=True).id
    if not holds_log(data / "live"):
        return active, []
    with closing(ChangeReader.open_to_read(data / "live")) as log:
        log.check()
        changes = log.since(log.compacted, 100_000)
    return active, [(change.sequence, content(change)) for change in changes]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 4
    path.write_bytes(whole)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scramble(path: Path) -> None:
    """All but the very first bytes."""
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes(byte ^ 0x55 for byte in whole[40:]))


HARM: dict[str, Callable[[Path], None]] = {
    "truncated": truncate,
    "flipped": flip,
    "emptied": empty,
    "removed": Path.unlink,
}
