"""How much of a meaning survives one step along a relation, as a build learned it: `relations.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import DamagedGenerationError

RELATIONS = "relations.json"


@dataclass(frozen=True, slots=True)
class RelationWeight:
    """`weight` in (0, 1]; `products` were looked at to learn it, 0 where it is the default."""

    weight: float
    products: int


@dataclass(frozen=True, slots=True)
class RelationWeights:
    """`source` says what the weights were learned from, `queries` how many queries that were. Hashes of those
    that people asked are kept, so that an evaluation with one of them is found out.
    """

    source: str
    queries: int
    relations: Mapping[str, RelationWeight]
    query_hashes: tuple[str, ...] = ()

    @property
    def by_name(self) -> dict[str, float]:
        return {name: learned.weight for name, learned in self.relations.items()}

    def write(self, folder: Path) -> None:
        (folder / RELATIONS).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> RelationWeights:
        """Raises DamagedGenerationError naming the file."""
        path = folder / RELATIONS
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            relations = {name: RelationWeight(**each) for name, each in kept["relations"].items()}
            hashes = tuple(kept.get("query_hashes", ()))
            return cls(kept["source"], kept["queries"], relations, hashes)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise DamagedGenerationError(path, f"cannot be read ({problem})") from problem
