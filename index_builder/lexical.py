"""Build the word index: one tantivy segment, the same bytes for the same products."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tantivy import Index, SchemaBuilder

from engine.backends.growing_term_sets import GrowingTermSets
from engine.backends.lexical_document import lexical_document
from engine.backends.lexical_layout import CODES, EVERYTHING, ROW, TITLE, FieldWeights, LexicalLayout
from engine.backends.lexical_text import everything
from engine.types import Product

_ARENA_BYTES = 2_000_000_000
"""tantivy starts a new segment when this much is gathered (it takes no more than it uses): millions of
products.
"""


@dataclass(frozen=True, slots=True)
class LexicalIndexReport:
    product_count: int
    byte_count: int
    build_seconds: float


def build_lexical_index(
    products: Sequence[Product], folder: Path, *, weights: FieldWeights | None = None
) -> LexicalIndexReport:
    """Write the word index into `folder`; row i is products[i]."""
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    layout = LexicalLayout(len(products), weights or FieldWeights())
    writer = _new_index(folder).writer(_ARENA_BYTES, 1)  # one thread: rows stay in order, in one segment
    term_sets = GrowingTermSets()
    for row, product in enumerate(products):
        words = everything(product, layout.weights)
        writer.add_document(lexical_document(row, product, words))
        term_sets.extend([words])
    writer.commit()
    writer.wait_merging_threads()
    for leftover in folder.glob(".*"):  # lock files, and a list that only a writer needs
        leftover.unlink()
    _name_segments_by_content(folder)
    layout.save(folder)
    term_sets.view().save(folder)
    size = sum(file.stat().st_size for file in folder.iterdir())
    return LexicalIndexReport(len(products), size, time.perf_counter() - started)


def _new_index(folder: Path) -> Index:
    schema = SchemaBuilder()
    schema.add_unsigned_field(ROW, indexed=True, fast=True)
    for name in (EVERYTHING, TITLE, CODES):
        schema.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    return Index(schema.build(), path=str(folder))


def _name_segments_by_content(folder: Path) -> None:
    """Tantivy names a segment at random, and writes that name into its lists of files alone."""
    listing = folder / "meta.json"
    text = listing.read_text()
    for segment in (uuid.UUID(entry["segment_id"]) for entry in json.loads(text)["segments"]):
        files = sorted(folder.glob(f"{segment.hex}.*"))
        digest = hashlib.sha256(b"".join(file.suffix.encode() + file.read_bytes() for file in files))
        name = uuid.UUID(bytes=digest.digest()[:16], version=4)
        for file in files:
            file.rename(folder / f"{name.hex}{file.suffix}")
        text = text.replace(str(segment), str(name))
    listing.write_text(text)
