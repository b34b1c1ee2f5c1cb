"""What a folder of the word index holds: tantivy's files, and `lexical.json` that says how to weigh its
fields.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.errors import DamagedGenerationError

LAYOUT_FILE = "lexical.json"
ROW, EVERYTHING, TITLE, CODES = "row", "everything", "title", "codes"


@dataclass(frozen=True, slots=True)
class FieldWeights:
    """How much each field of a product counts.

    BM25 scores of separate fields are not added up: a word that is rare in one field and common in the shop
    (a brand in descriptions, say) then counts far too much. On 82 judged shopper queries such sums reached an
    nDCG@10 of .69, one field that holds everything .73, and .77 with the title written into it three times; a
    little of the title's own BM25 and the lower bound on top made .78. So the first five are repetitions in
    the field `everything` (a poor man's BM25F), and the others are weights of a query.
    """

    title: int = 3
    brand: int = 1
    category: int = 1
    description: int = 1
    attributes: int = 1
    title_boost: float = 0.4
    """Added: this much of the title's own BM25."""
    lower_bound: float = 1.0
    """Added for every word a product holds at all: this much of the word's IDF (BM25+, Lv and Zhai, CIKM
    2011), so that holding one more word of the query beats repeating another.
    """
    code: float = 3.0
    """Added: this much BM25 of ids, barcodes and compound words in one piece: who types an id means that
    product, not one with the same number in its title.
    """


@dataclass(frozen=True, slots=True)
class LexicalLayout:
    count: int
    weights: FieldWeights = field(default_factory=FieldWeights)

    def save(self, folder: Path) -> None:
        (folder / LAYOUT_FILE).write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")

    @classmethod
    def load(cls, folder: Path) -> LexicalLayout:
        """Raises DamagedGenerationError when the file is missing or unreadable."""
        path = folder / LAYOUT_FILE
        try:
            stored = json.loads(path.read_text())
            return cls(count=int(stored["count"]), weights=FieldWeights(**stored["weights"]))
        except FileNotFoundError as missing:
            raise DamagedGenerationError(path, "is missing") from missing
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise DamagedGenerationError(path, f"cannot be read as a lexical layout ({problem})") from problem
