"""What a follower of the change log asks for, and gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.types import FloatArray, Product


@dataclass(frozen=True, slots=True)
class LogPosition:
    """The last change that a follower has, 0 for none, and the id of the log that it is of, "" while the
    follower knows none.
    """

    log_id: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FollowedChange:
    """What became of one product, at a time in UTC; `product` is None of a deletion.

    `embedding`, float32 (d,) of length 1, is what the encoder of the fingerprint `encoder` made. It is None,
    and `encoder` empty, of a deletion and where the text did not change: the generation has it then.
    """

    sequence: int
    time: datetime
    product_id: str
    product: Product | None
    embedding: FloatArray | None = None
    encoder: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ChangePage:
    """Changes whose sequences follow one on another; `last_sequence` is that of the newest one in the log,
    on this page or not. While there is no log, `log_id` is "" and the rest 0 and empty.
    """

    log_id: str
    changes: Sequence[FollowedChange]
    last_sequence: int

    def end(self, before: LogPosition) -> LogPosition:
        """Where a follower is who had `before` and has this page now."""
        return LogPosition(self.log_id, self.changes[-1].sequence if self.changes else before.sequence)


class ChangeFeed(Protocol):
    """It is of no generation: what is read of it is the same whichever serves."""

    def page(self, position: LogPosition, wait: float) -> ChangePage:
        """What the change log holds after a position: at once where there is something, else as soon as
        there is, or an empty page after `wait` seconds. All of it is durable. While nobody has written there
        is no log, which is no error.

        AnotherLogError, CompactedError: the follower has to start over. InvalidArgumentError for a sequence
        that the log has not reached; NotServingError once it is closed.
        """
        ...

    def wake(self) -> None:
        """Those that wait get a page now, empty or not."""
        ...


class Followed(Protocol):
    """What has a change log."""

    @property
    def feed(self) -> ChangeFeed: ...
