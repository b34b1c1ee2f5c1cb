"""What a trained model is made of, beside its weights: `card.json` for programs, `README.md` for people.

A card holds no date and no path, so that the same input and seed give the same card (Mitchell et al., Model
Cards for Model Reporting, FAT* 2019, say what a card should tell).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

import engine
from engine.errors import DamagedGenerationError
from engine.files import write_atomically
from index_builder.train.queries.query import Origin

CARD, PAGE = "card.json", "README.md"
FORMAT_VERSION = 1
UNKNOWN = "unknown"
"""The licence of a base model that does not tell it."""


class CardKind(StrEnum):
    """The value is the folder that the model has in a generation, and the word for it."""

    ENCODER = "encoder"
    RERANKER = "reranker"
    FUSION = "fusion"


@dataclass(frozen=True, slots=True)
class DataFile:
    """`name` without its folder; `sha256` of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CardSource:
    """What was learned from one origin. `queries` taught, `held_out_queries` chose the best weights, which is
    learning as well. Their hashes (query_hashes.py, ascending) are kept where people asked the queries; those
    composed from the graph are told by number alone. `through` names the model that learned from it first
    and was then learned from: "" for none.
    """

    origin: Origin
    queries: int
    held_out_queries: int = 0
    files: tuple[DataFile, ...] = ()
    query_hashes: tuple[str, ...] = ()
    held_out_hashes: tuple[str, ...] = ()
    through: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """`licence` is that of the base model, which the weights inherit, or UNKNOWN; both are "" for a fusion,
    which starts from none. `figures` are those of held-out queries, by the model measured ("base model",
    "trained") and by metric. `parameters` decide how it was trained, `packages` are the versions that decide
    bytes, `weights` the SHA-256 of each file by its name in the folder. `command` makes the model again, with
    the names of files only.
    """

    kind: CardKind
    base_model: str
    licence: str
    sources: tuple[CardSource, ...]
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    packages: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    engine_version: str = engine.__version__
    format_version: int = FORMAT_VERSION

    @property
    def seen(self) -> frozenset[str]:
        """Hashes of the queries that the model learned from or was chosen by."""
        return frozenset(
            each for source in self.sources for each in (*source.query_hashes, *source.held_out_hashes)
        )

    @property
    def files(self) -> frozenset[str]:
        """SHA-256 of the files that it learned from."""
        return frozenset(file.sha256 for source in self.sources for file in source.files)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def write(self, folder: Path) -> None:
        """Both files; those that were there are replaced."""
        from index_builder.train.cards.card_page import page_of

        write_atomically(folder / CARD, self.to_json().encode())
        write_atomically(folder / PAGE, page_of(self).encode())

    @classmethod
    def read(cls, folder: Path) -> ModelCard | None:
        """None where the folder has no card. Raises DamagedGenerationError for one that cannot be read."""
        path = folder / CARD
        try:
            card = _CARDS.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedGenerationError(path, f"cannot be read ({error.strerror})") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DamagedGenerationError(
                path, f"is no model card ({where or 'JSON'}: {first['msg']})"
            ) from error
        if card.format_version != FORMAT_VERSION:
            raise DamagedGenerationError(
                path, f"has format version {card.format_version}, this engine reads {FORMAT_VERSION}"
            )
        return card


_CARDS = TypeAdapter(ModelCard)
