"""The alert rules and the dashboard, and the metrics that they ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
BY_PROMETHEUS = {"up"}
"""Known without any server."""
OF_TARGETS = {"job", "instance", "le"}
"""Labels that Prometheus adds, and the one of buckets."""
_METRIC = re.compile(r"\b((?:cartograph|process)_\w+|up)\b(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True)
class Expression:
    """PromQL, and where it stands."""

    where: str
    text: str

    @property
    def metrics(self) -> set[str]:
        return {name for name, _ in _METRIC.findall(self.text)} - BY_PROMETHEUS

    @property
    def labels(self) -> set[str]:
        """Those that it selects or groups by."""
        named = {
            label.strip()
            for group in _GROUPING.findall(self.text)
            for label in group.split(",")
            if label.strip()
        }
        selected = {label for _, inside in _METRIC.findall(self.text) for label in _LABEL.findall(inside)}
        return (named | selected) - OF_TARGETS


def alert_rules() -> list[dict[str, Any]]:
    content = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in content["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    board: dict[str, Any] = json.loads(
        (ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8")
    )
    return board


def expressions() -> Iterator[Expression]:
    for rule in alert_rules():
        yield Expression(rule["alert"], rule["expr"])
    board = dashboard()
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Expression(panel["title"], target["expr"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Expression(variable["name"], variable["definition"])
    for annotation in board["annotations"]["list"]:
        yield Expression(annotation["name"], annotation["expr"])


def exposed(page: str) -> set[str]:
    """The names that a page of metrics offers, whether or not there is a sample yet."""
    names: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE):
        names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return names


def labels_on(page: str) -> dict[str, set[str]]:
    """By metric, for those that have a sample."""
    found: dict[str, set[str]] = {}
    for name, inside in re.findall(r"^([a-z_]+)(?:\{([^}]*)\})? \S+$", page, re.MULTILINE):
        found.setdefault(name, set()).update(label for label, _ in re.findall(r'(\w+)="([^"]*)"', inside))
    return found
