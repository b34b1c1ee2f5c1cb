"""Reads only the products whose texts changed: mentions of earlier builds are kept by their texts.

    CACHE/mentions/<extractor's fingerprint>/<name>.arrow

Each file is one finished chunk, written atomically and named by the hash of its keys. A key is half of the
SHA-256 (hexadecimal) of a product's title and description; a product without mentions is kept, too. Delete
the cache whenever you like.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.files import write_atomically
from engine.types import Product
from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField

CHUNK_PRODUCTS = 4096
"""What a kill may cost, at most."""

Read = Callable[[Sequence[int]], Sequence[Mention]]
"""Mentions in the products of some rows, each with its product's row."""

_WORD = pa.string()
_SCHEMA = pa.schema(
    {
        "key": _WORD,
        "field": _WORD,
        "start": pa.int32(),
        "end": pa.int32(),
        "label": _WORD,
        "name": _WORD,
        "extractor": _WORD,
        "confidence": pa.float64(),
        "relation": _WORD,
    }
)
_NOTHING: dict[str, str | int | float] = {
    "field": "",
    "start": 0,
    "end": 0,
    "label": "",
    "name": "",
    "extractor": "",
    "confidence": 0.0,
    "relation": "",
}


def read_cached(products: Sequence[Product], fingerprint: str, read: Read, cache: Path) -> list[Mention]:
    """Mentions of all products, sorted, as `read` gives them for all rows.

    `read` is called for rows whose (title, description) no earlier build read with the same `fingerprint`; it
    must say the same of the same texts, whatever the other products are, so everything else that it depends
    on (gazetteers, a model's weights, versions) belongs into the fingerprint: hexadecimal, or any file name.
    One process at a time may write a cache. Raises ValueError for a mention of a row that was not asked for.
    """
    folder = cache / "mentions" / fingerprint
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, product in enumerate(products):
        rows[_key(product)].append(row)
    known = {key: found for key, found in _stored(folder) if key in rows}
    missing = [key for key in rows if key not in known]
    for start in range(0, len(missing), CHUNK_PRODUCTS):
        chunk = missing[start : start + CHUNK_PRODUCTS]
        read_now = _by_key(chunk, [rows[key][0] for key in chunk], read)
        _store(folder, read_now)
        known |= read_now
    mentions = (replace(each, row=row) for key, found in known.items() for each in found for row in rows[key])
    return sorted(mentions, key=_order)


def _order(mention: Mention) -> tuple[object, ...]:
    """As mentions compare, but for those that differ in their relation alone: None does not compare."""
    place = mention.row, mention.field, mention.start, mention.end
    meaning = mention.label, mention.name, mention.extractor, mention.confidence, mention.relation or ""
    return (*place, *meaning)


def _key(product: Product) -> str:
    """The length of the title keeps ("ab", "c") and ("a", "bc") apart."""
    text = f"{len(product.title)}:{product.title}{product.description}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _by_key(keys: Sequence[str], rows: Sequence[int], read: Read) -> dict[str, list[Mention]]:
    key_of = dict(zip(rows, keys, strict=True))
    found: dict[str, list[Mention]] = {key: [] for key in keys}
    for mention in read(rows):
        if mention.row not in key_of:
            raise ValueError(f"a mention of row {mention.row}, which was not to be read")
        found[key_of[mention.row]].append(mention)
    return found


def _store(folder: Path, read_now: dict[str, list[Mention]]) -> None:
    lines = []
    for key in sorted(read_now):
        lines += [_line(key, mention) for mention in sorted(read_now[key], key=_order)] or [
            {"key": key, **_NOTHING}
        ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, _SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(lines, _SCHEMA))
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256("".join(sorted(read_now)).encode()).hexdigest()[:32]
    write_atomically(folder / f"{name}.arrow", sink.getvalue().to_pybytes())


def _stored(folder: Path) -> Iterator[tuple[str, list[Mention]]]:
    """A chunk that cannot be read is removed: what it held is read again."""
    for path in sorted(folder.glob("*.arrow")):
        try:
            with path.open("rb") as file:
                table = pa.ipc.open_file(file).read_all()
            found: defaultdict[str, list[Mention]] = defaultdict(list)
            for line in table.to_pylist():
                found[line["key"]] += _mention(line)
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
            path.unlink(missing_ok=True)
            continue
        yield from found.items()


def _line(key: str, mention: Mention) -> dict[str, str | int | float]:
    return {
        "key": key,
        "field": mention.field,
        "start": mention.start,
        "end": mention.end,
        "label": mention.label,
        "name": mention.name,
        "extractor": mention.extractor,
        "confidence": mention.confidence,
        "relation": mention.relation or "",
    }


def _mention(line: dict[str, Any]) -> list[Mention]:
    if not line["field"]:
        return []
    return [
        Mention(
            0,
            TextField(line["field"]),
            line["start"],
            line["end"],
            Label(line["label"]),
            line["name"],
            Extractor(line["extractor"]),
            line["confidence"],
            Relation(line["relation"]) if line["relation"] else None,
        )
    ]
