"""Writes a neighbourhood as one HTML page that needs nothing else: no server, no network.

Titles of products are not to be trusted. They reach the page as JSON in which nothing can end the element
that holds it, the page's script puts them into the document as text only, and a content security policy lets
only the scripts run whose hashes are written here, and none of them ask a network.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from index_builder.graph.view.neighbourhood import Neighbourhood, ShownNode
from index_builder.graph.view.opened import Link
from index_builder.graph.view.terms import short, source_of
from index_builder.graph.view.whole_file import whole_file

_SCRIPTS = ("state.js", "drawing.js", "panel.js", "controls.js")
"""In the order in which they run."""
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def write_page(shown: Neighbourhood, path: Path) -> None:
    """The file appears whole or not at all. Raises ConfigError when it cannot be written."""
    with whole_file(path) as file:
        file.write(page(shown).encode("utf-8", "replace"))


def page(shown: Neighbourhood) -> str:
    """The same neighbourhood gives the same page."""
    library, script = _static("cytoscape.min.js"), _script()
    parts = {
        "title": html.escape(f"{shown.title} · knowledge graph"),
        "policy": (
            f"default-src 'none'; style-src 'unsafe-inline'; script-src {_hash(library)} {_hash(script)}"
        ),
        "style": _static("view.css"),
        "library": library,
        "data": embedded(_data(shown)),
        "script": script,
    }
    return _PLACE.sub(lambda match: parts[match[1]], _static("page.html"))


def embedded(data: object) -> str:
    """JSON that may stand inside a script element.

    >>> embedded("</script><b>")
    '"\\\\u003c/script\\\\u003e\\\\u003cb\\\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return "".join(_UNSAFE.get(character, character) for character in text)


def _data(shown: Neighbourhood) -> dict[str, Any]:
    return {
        "title": shown.title,
        "center": shown.center,
        "generation": shown.generation_id,
        "nodes": [_node(each) for each in shown.nodes],
        "links": [_link(number, each) for number, each in enumerate(shown.links)],
    }


def _node(shown: ShownNode) -> dict[str, Any]:
    node = shown.node
    return {
        "id": node.iri,
        "short": short(node.iri),
        "label": node.label,
        "kind": node.kind,
        "attribute": node.attribute,
        "products": node.product_count,
        "neighbours": shown.neighbours,
        "names": [asdict(name) for name in shown.names],
    }


def _link(number: int, link: Link) -> dict[str, Any]:
    return {
        "id": f"link-{number}",
        "from": link.subject.iri,
        "to": link.object.iri,
        "relation": link.relation,
        "predicate": link.predicate,
        "source": source_of(link.source),
        "confidence": round(link.confidence, 3),
        "evidence": [asdict(each) for each in link.evidence],
    }


def _script() -> str:
    """One function, in whose scope the parts see each other."""
    return f'"use strict";\n(() => {{\n{"".join(map(_static, _SCRIPTS))}}})();\n'


def _static(name: str) -> str:
    return files("index_builder.graph.view").joinpath("static", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
