"""What was found in a catalogue: `quality.json` for programs, `quality.html` for people, the quarantine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from index_builder.quality import CleanCatalogue, WarningExample
from index_builder.quality.statistics import AttributeStatistics, PriceStatistics
from index_builder.report_page import render_page
from index_builder.sources.rows import HARMLESS, QuarantinedRow

JSON_NAME = "quality.json"
PAGE_NAME = "quality.html"
QUARANTINE_NAME = "quarantine.jsonl"
_EXAMPLES = 5


def write_report(folder: Path, catalogue: CleanCatalogue) -> Mapping[str, Any]:
    """Write the three files into `folder`, which is made where it is missing; the JSON's content comes back.

    The same catalogue gives the same bytes. Raises ConfigError when the folder cannot be written to.
    """
    content = summarise(catalogue)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / JSON_NAME).write_text(f"{_json(content, indent=2)}\n", encoding="utf-8")
        (folder / PAGE_NAME).write_text(render_page(content), encoding="utf-8")
        write_quarantine(folder / QUARANTINE_NAME, catalogue.quarantined)
    except OSError as error:
        problem = f"The report cannot be written to {folder} ({error.strerror or error})."
        raise ConfigError(problem, folder=folder) from error
    return content


def write_quarantine(path: Path, rows: Iterable[QuarantinedRow]) -> None:
    """One JSON object per line: file, line, code, reason, row (an excerpt)."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            entry = {
                "file": row.file,
                "line": row.line,
                "code": row.code,
                "reason": row.reason,
                "row": row.row,
            }
            stream.write(f"{_json(entry)}\n")


def summarise(catalogue: CleanCatalogue) -> dict[str, Any]:
    """The content of `quality.json`. Shares are in [0, 1], prices in major units."""
    statistics = catalogue.statistics
    total = statistics.product_count
    return {
        "mapping": catalogue.mapping,
        "row_count": catalogue.row_count,
        "product_count": total,
        "bad_row_count": len(catalogue.bad_rows),
        "duplicate_row_count": len(catalogue.quarantined) - len(catalogue.bad_rows),
        "quarantine": _reasons(catalogue.quarantined),
        "warnings": [
            {
                "code": group.code,
                "count": group.count,
                "examples": [_place(example) | {"message": example.message} for example in group.examples],
            }
            for group in catalogue.warnings
        ],
        "fields": [
            {"name": name, "filled": filled, "share": _share(filled, total)}
            for name, filled in statistics.fields.items()
        ],
        "attributes": [_attribute(attribute, total) for attribute in statistics.attributes],
        "prices": [_price(price) for price in statistics.prices],
        "near_duplicates": [
            {"ids": list(group.ids), "lowest_similarity": round(group.lowest_similarity, 4)}
            for group in catalogue.near_duplicates
        ],
    }


def _reasons(rows: Sequence[QuarantinedRow]) -> list[dict[str, Any]]:
    counts = Counter(row.code for row in rows)
    examples: dict[str, list[QuarantinedRow]] = {}
    for row in rows:
        if len(shown := examples.setdefault(row.code, [])) < _EXAMPLES:
            shown.append(row)
    return [
        {
            "code": code,
            "count": count,
            "bad": code not in HARMLESS,
            "examples": [_place(row) | {"reason": row.reason, "row": row.row} for row in examples[code]],
        }
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _place(row: QuarantinedRow | WarningExample) -> dict[str, Any]:
    return {"file": row.file, "line": row.line}


def _attribute(attribute: AttributeStatistics, total: int) -> dict[str, Any]:
    content: dict[str, Any] = {
        "key": attribute.key,
        "type": attribute.kind,
        "filled": attribute.filled,
        "share": _share(attribute.filled, total),
        "distinct": attribute.distinct,
        "examples": [example[:80] for example in attribute.examples],
        "seen": {kind.value: attribute.seen[kind] for kind in sorted(attribute.seen)},
    }
    if attribute.minimum is not None:
        content |= {"minimum": attribute.minimum, "maximum": attribute.maximum}
    return content


def _price(price: PriceStatistics) -> dict[str, Any]:
    return {
        "currency_code": price.currency_code,
        "count": price.count,
        "minimum": price.minimum,
        "lower_quartile": round(price.lower_quartile, 6),
        "median": round(price.median, 6),
        "upper_quartile": round(price.upper_quartile, 6),
        "maximum": price.maximum,
        "bins": [{"from": start, "to": end, "count": count} for start, end, count in price.bins],
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _json(content: Any, indent: int | None = None) -> str:
    # surrogates cannot be written as UTF-8; a file name may hold them
    text = json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")
