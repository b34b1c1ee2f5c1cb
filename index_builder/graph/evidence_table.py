"""Which words each statement was read from, kept beside the RDF: the product's row, the entity, the layer,
the characters, the confidence. The catalogue's own statements need none: their node names the field.

Not every mention became a statement (a model number that one product alone has makes no entity), so all that
was read is kept as well, without entities: extraction is measured by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.errors import DamagedGenerationError
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, Relation, TextField

EVIDENCE = "evidence.arrow"
MENTIONS = "mentions.arrow"
_WORDS = pa.dictionary(pa.int8(), pa.string())


def write_evidence(evidence: Sequence[Evidence], places: Mapping[str, int], folder: Path) -> int:
    """Sorted by product, then place in its text, so that the same evidence gives the same bytes in whatever
    order it comes; evidence of entities without a place is left out. Returns how many were written. `places`
    is the entity's index in the graph's tables, by IRI.
    """
    kept = [(each.mention, places[each.entity]) for each in evidence if each.entity in places]
    kept.sort(key=_order)
    columns = _columns([mention for mention, _ in kept])
    _write({**columns, "entity": pa.array([place for _, place in kept], pa.int32())}, folder / EVIDENCE)
    return len(kept)


def read_evidence(folder: Path) -> pa.Table:
    """Memory-mapped. Raises DamagedGenerationError naming the file that is missing or unreadable."""
    return _read(folder / EVIDENCE)


def write_mentions(mentions: Sequence[Mention], folder: Path) -> int:
    """All that was read, in the order of `write_evidence`. Returns how many there are."""
    _write(_columns(sorted(mentions, key=lambda mention: _order((mention, 0)))), folder / MENTIONS)
    return len(mentions)


def read_mentions(folder: Path) -> list[Mention]:
    """By product and place. Raises DamagedGenerationError naming the file that is missing or unreadable."""
    return [_mention(line) for line in _read(folder / MENTIONS).to_pylist()]


def _columns(mentions: Sequence[Mention]) -> dict[str, pa.Array]:
    return {
        "product": pa.array([mention.row for mention in mentions], pa.int32()),
        "field": _column(mention.field for mention in mentions),
        "start": pa.array([mention.start for mention in mentions], pa.int32()),
        "end": pa.array([mention.end for mention in mentions], pa.int32()),
        "label": _column(mention.label for mention in mentions),
        "name": pa.array([mention.name for mention in mentions], pa.string()),
        "extractor": _column(mention.extractor for mention in mentions),
        "confidence": pa.array([mention.confidence for mention in mentions], pa.float32()),
        "relation": _column(mention.relation or "" for mention in mentions),
    }


def _write(columns: Mapping[str, pa.Array], path: Path) -> None:
    table = pa.table(dict(columns))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _read(path: Path) -> pa.Table:
    try:
        with pa.memory_map(str(path)) as source:
            return pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowException) as error:
        raise DamagedGenerationError(path, "is missing or is not an Arrow file") from error


def mentions_of(table: pa.Table) -> Iterator[tuple[int, Mention]]:
    """(entity's place, mention) of every line of the table."""
    for line in table.to_pylist():
        yield line["entity"], _mention(line)


def _mention(line: Mapping[str, Any]) -> Mention:
    return Mention(
        line["product"],
        TextField(line["field"]),
        line["start"],
        line["end"],
        Label(line["label"]),
        line["name"],
        Extractor(line["extractor"]),
        line["confidence"],
        Relation(line["relation"]) if line["relation"] else None,
    )


def _order(pair: tuple[Mention, int]) -> tuple[object, ...]:
    mention, entity = pair
    place = mention.row, mention.field, mention.start, mention.end, entity
    meaning = mention.label, mention.name, mention.extractor, mention.confidence, mention.relation or ""
    return (*place, *meaning)


def _column(words: Iterator[str]) -> pa.Array:
    return pa.array([str(word) for word in words], pa.string()).cast(_WORDS)
