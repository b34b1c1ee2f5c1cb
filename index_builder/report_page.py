"""The quality report as one page of HTML that needs nothing else: no script, no picture, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

MAX_ATTRIBUTES = 200
MAX_GROUPS = 100
_IDS_SHOWN = 8

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5d6b7a; --line: #dde3ea; --bar: #4a7fb5;
        --back: #fff; --bad: #b3402f; --card: #f5f7fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ef; --soft: #9aa7b5; --line: #33404d; --bar: #6ba3dd; --back: #141a21; --bad: #ef8a78;
          --card: #1d252e; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 2rem auto;
       max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p, caption { color: var(--soft); } .totals { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.total { background: var(--card); border-radius: .5rem; padding: .6rem 1rem; min-width: 8rem; }
.total b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.bad b { color: var(--bad); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0;
         border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } th:empty { width: 35%; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; } small { color: var(--soft); }
.bar { display: block; height: .7rem; margin-top: .4rem; min-width: 1px; background: var(--bar); }
"""


def render_page(content: Mapping[str, Any]) -> str:
    """`content` is what `quality.json` holds. Every text in it is escaped."""
    sections = (
        _totals(content),
        _problems("Rows set aside", content["quarantine"], "reason", "Every row became a product."),
        _problems("Warnings about rows that were kept", content["warnings"], "message", "There are none."),
        _fields(content["fields"]),
        *(_prices(price) for price in content["prices"]),
        _attributes(content["attributes"]),
        _near_duplicates(content["near_duplicates"]),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Catalogue quality</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        "<h1>Catalogue quality</h1>\n"
        f"<p>Read with the mapping <code>{_text(content['mapping'])}</code>.</p>\n"
        f"{''.join(sections)}</body>\n</html>\n"
    )


def _totals(content: Mapping[str, Any]) -> str:
    counts = (
        ("rows read", content["row_count"], False),
        ("products", content["product_count"], False),
        ("bad rows", content["bad_row_count"], content["bad_row_count"] > 0),
        ("exact copies", content["duplicate_row_count"], False),
        ("warnings", sum(group["count"] for group in content["warnings"]), False),
        ("near-duplicate groups", len(content["near_duplicates"]), False),
    )
    cards = (
        f'<div class="total{" bad" if bad else ""}"><b>{count:,}</b>{name}</div>'
        for name, count, bad in counts
    )
    return f'<div class="totals">{"".join(cards)}</div>\n'


def _problems(heading: str, groups: Sequence[Mapping[str, Any]], message: str, none: str) -> str:
    if not groups:
        return _section(heading, f"<p>{_text(none)}</p>")
    rows = []
    for group in groups:
        shown = "<br>".join(
            f"<small>{_text(example['file'])}:{example['line']}</small> {_text(example[message])}"
            + (f"<br><code>{_text(example['row'])}</code>" if example.get("row") else "")
            for example in group["examples"]
        )
        rows.append((f"<code>{_text(group['code'])}</code>", _number(group["count"]), shown))
    return _section(heading, _table(("what", "#rows", "examples"), rows))


def _fields(fields: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (_text(field["name"]), _number(field["filled"]), f"{field['share']:.1%}", _bar(field["share"]))
        for field in fields
    ]
    return _section("Fields", _table(("field", "#filled", "#share", ""), rows))


def _prices(price: Mapping[str, Any]) -> str:
    highest = max(part["count"] for part in price["bins"])
    rows = [
        (f"{part['from']:,.2f}", f"{part['to']:,.2f}", _number(part["count"]), _bar(part["count"] / highest))
        for part in price["bins"]
    ]
    line = ", ".join(
        f"{name.replace('_', ' ')} {price[name]:,.2f}"
        for name in ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    )
    intro = f"<p>{price['count']:,} prices: {line}.</p>"
    return _section(
        f"Prices in {price['currency_code']}", intro + _table(("#from", "#to", "#products", ""), rows)
    )


def _attributes(attributes: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for attribute in attributes[:MAX_ATTRIBUTES]:
        seen = ", ".join(f"{count:,} {kind}" for kind, count in attribute["seen"].items())
        kind = attribute["type"] + (
            f"<br><small>seen as {seen}</small>" if len(attribute["seen"]) > 1 else ""
        )
        values = "; ".join(_text(example) for example in attribute["examples"])
        if "minimum" in attribute:
            values = f"{attribute['minimum']:,.10g} to {attribute['maximum']:,.10g}"
        share = f"{attribute['share']:.1%}{_bar(attribute['share'])}"
        rows.append(
            (f"<code>{_text(attribute['key'])}</code>", kind, share, _number(attribute["distinct"]), values)
        )
    more = len(attributes) - len(rows)
    note = f"<p>{more:,} more, less often filled, are in quality.json.</p>" if more > 0 else ""
    head = ("attribute", "type", "filled", "#distinct values (up to 1,000)", "values")
    return _section(f"Attributes ({len(attributes):,})", _table(head, rows) + note)


def _near_duplicates(groups: Sequence[Mapping[str, Any]]) -> str:
    if not groups:
        return _section("Near duplicates", "<p>None were found.</p>")
    rows = []
    for group in groups[:MAX_GROUPS]:
        ids = " ".join(f"<code>{_text(name)}</code>" for name in group["ids"][:_IDS_SHOWN])
        more = len(group["ids"]) - _IDS_SHOWN
        rows.append(
            (
                ids + (f" and {more:,} more" if more > 0 else ""),
                _number(len(group["ids"])),
                group["lowest_similarity"],
            )
        )
    left = len(groups) - len(rows)
    note = f"<p>{left:,} more groups are in quality.json.</p>" if left > 0 else ""
    intro = "<p>All of these were kept. Similarity is to the group's first product, 1 = the same words.</p>"
    return _section(
        "Near duplicates", intro + _table(("products", "#size", "#lowest similarity"), rows) + note
    )


def _section(heading: str, body: str) -> str:
    return f"<h2>{_text(heading)}</h2>\n{body}\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Cells are HTML already. A heading that starts with `#` is a column of numbers, shown without it."""
    numeric = [name.startswith("#") for name in head]
    open_cell = ['<td class="n">' if right else "<td>" for right in numeric]
    top = "".join(
        f"<th{' class=n' if right else ''}>{_text(name.removeprefix('#'))}</th>"
        for name, right in zip(head, numeric, strict=True)
    )
    body = "\n".join(
        f"<tr>{''.join(f'{tag}{cell}</td>' for tag, cell in zip(open_cell, row, strict=True))}</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table>\n<tr>{top}</tr>\n{body}\n</table></div>'


def _bar(share: float) -> str:
    return f'<span class="bar" style="width:{100 * share:.1f}%"></span>'


def _number(count: int) -> str:
    return f"{count:,}"


def _text(value: object) -> str:
    return escape(str(value), quote=True)
