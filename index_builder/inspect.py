"""What generations a data folder holds, and what is in one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.errors import ConfigError
from engine.generation import DataFolder
from engine.manifest import OWN_SUM


def describe_all(data: Path) -> dict[str, Any]:
    """All generations, the newest first."""
    if not data.is_dir():
        raise ConfigError(f"There is no data folder at {data}.")
    return {"data": str(data), "generations": [asdict(info) for info in DataFolder(data).list()]}


def describe(data: Path, generation_id: str) -> dict[str, Any]:
    """The manifest of one generation, after every file was compared with its checksum."""
    generation = DataFolder.open(data).open_generation(generation_id, verify=True)
    manifest: dict[str, Any] = json.loads(generation.manifest.to_json())
    del manifest[OWN_SUM]
    sizes: dict[str, int] = {}
    for name, record in manifest.pop("files").items():
        part = name.split("/", 1)[0]
        sizes[part] = sizes.get(part, 0) + record["size"]
    return {**manifest, "bytes": sizes}


def show_all(everything: Mapping[str, Any], console: Console) -> None:
    table = Table()
    widest = max((len(info["id"]) for info in everything["generations"]), default=0)
    table.add_column("generation", no_wrap=True, min_width=widest)  # to be copied into other commands
    for column in ("created", "active", "products", "past queries", "statements", "recall@10"):
        table.add_column(column)
    for info in everything["generations"]:
        table.add_row(
            info["id"],
            f"{info['created']:%Y-%m-%d %H:%M}",
            "yes" if info["active"] else "",
            f"{info['product_count']:,}",
            f"{info['past_query_count']:,}",
            f"{info['statement_count']:,}",
            f"{info['measured_recall']:.3f}",
        )
    console.print(table)


def show(one: Mapping[str, Any], console: Console) -> None:
    table = Table(title=one["id"], show_header=False)
    for key in (
        "created",
        "engine_version",
        "dimension",
        "product_count",
        "past_query_count",
        "statement_count",
    ):
        table.add_row(key, str(one[key]))
    if "live_sequence" in one["build"]:
        table.add_row("live changes up to", f"{one['build']['live_sequence']:,}")
    for part, about in one["parts"].items():
        size = one["bytes"].get(part, 0) / 1e6
        table.add_row(part, f"{size:,.1f} MB  " + ", ".join(f"{key} {value}" for key, value in about.items()))
    for metric, value in one["evaluation"].items():
        table.add_row(metric, f"{value:.4f}")
    console.print(table)
