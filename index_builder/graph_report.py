"""What a build says of its graph: `report/graph.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index_builder.graph.load import GraphReport

GRAPH_REPORT = "graph.json"


def write_graph_report(folder: Path, report: GraphReport) -> Path:
    """Counts, what each step did, what changed since the graph before, which rules the graph breaks."""
    path = folder / GRAPH_REPORT
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told(report), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def told(report: GraphReport) -> dict[str, Any]:
    """Plain values."""
    steps = report.steps
    return {
        "entities": {str(kind): count for kind, count in report.entities.items()},
        "statements": report.statements,
        "names": report.names,
        "evidence": report.evidence,
        "edges": report.edges,
        "texts": {
            "statements": {str(label): count for label, count in sorted(steps.texts.statements.items())},
            "dropped": {str(label): count for label, count in sorted(steps.texts.dropped.items())},
        },
        "resolution": {
            "merged": dict(sorted(steps.resolution.by_kind.items())),
            "unknown_names": list(steps.resolution.unknown),
        },
        "alignment": [asdict(each) for each in steps.alignment.ontologies],
        "relations": None
        if steps.relations is None
        else {
            "edges": {term.name.lower(): count for term, count in steps.relations.edges.items()},
            "with_neighbour": round(steps.relations.with_neighbour, 4),
        },
        "fusion": steps.fusion.as_json(),
        "compression": steps.compression.as_json(),
        "expiry": None if steps.expiry is None else steps.expiry.as_json(),
        "embedding": None
        if steps.embedding is None
        else {
            "held_out": asdict(steps.embedding.held_out),
            "predictions": asdict(steps.embedding.predictions),
        },
        "revision": None if report.revision is None else asdict(report.revision),
        "constraints": report.constraints.as_json(),
    }
