"""What compression saved, by reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    BROADER = "stated on a narrower entity, as surely"
    CHAIN = "follows from a chain of broader entities"
    MIRRORED = "says the same from the other side"
    EQUAL = "follows from what both are equal to"
    GUESSED = "guessed entity of one product, unsure"
    EMPTY = "entity without products"
    SINGLE = "value of one product, tied to nothing else"
    NAME = "name that is read like a surer one of the entity"


@dataclass(frozen=True, slots=True)
class Saving:
    """Statements between products and entities, nodes (with their labels), and names beside the label."""

    statements: int = 0
    nodes: int = 0
    names: int = 0

    def __add__(self, other: Saving) -> Saving:
        return Saving(self.statements + other.statements, self.nodes + other.nodes, self.names + other.names)


@dataclass(frozen=True, slots=True)
class CompressionReport:
    """What there was, and what was saved of it for each reason."""

    before: Saving
    saved: Mapping[Reason, Saving]

    @property
    def total(self) -> Saving:
        return sum(self.saved.values(), Saving())

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they stand in a generation's report."""
        saved = {reason.value: asdict(saving) for reason, saving in self.saved.items()}
        return {"before": asdict(self.before), "saved": saved, "total": asdict(self.total)}
