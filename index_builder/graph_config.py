"""Settings of `index_builder graph` and `index_builder evaluate graph`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from engine.config import Settings
from index_builder.config import EvaluateSettings


class GraphSettings(Settings):
    """What every action of `python -m index_builder graph` needs."""

    table: ClassVar[str] = "graph"
    also_in_table: ClassVar[tuple[str, ...]] = (
        *("json_output", "top", "sample", "limit", "depth", "hub", "ways", "rows", "seconds", "memory_mib"),
        *("format", "out_file", "reach", "max_nodes", "open_browser"),
    )

    data: Path = Field(description="Data folder; the graph of its active generation is read.")
    generation: str | None = Field(None, description="Another generation than the active one, by its id.")


class GraphToldSettings(GraphSettings):
    """An action that prints what it finds."""

    json_output: bool = Field(
        False, description="Print one JSON object.", json_schema_extra={"flag": "--json"}
    )


class GraphStatsSettings(GraphToldSettings):
    """`graph stats`."""

    top: int = Field(10, ge=0, le=1_000, description="How many of the most connected entities are listed.")


class GraphShowSettings(GraphToldSettings):
    """`graph show`."""

    sample: int = Field(5, ge=0, le=1_000, description="Products of an entity that are shown, at most.")
    limit: int = Field(
        50, ge=1, le=5_000, description="Statements that end at the entity and are shown, at most."
    )


class GraphPathSettings(GraphToldSettings):
    """`graph path`."""

    depth: int = Field(6, ge=1, le=20, description="Statements in a way, at most.")
    hub: int = Field(
        300,
        ge=1,
        le=50_000,
        description="Entities with more statements than this are not passed through: that both are black "
        "says little.",
    )
    ways: int = Field(3, ge=1, le=100, description="Equally short ways that are shown, at most.")


class GraphQuerySettings(GraphToldSettings):
    """`graph query`."""

    rows: int = Field(1_000, ge=1, le=10_000, description="Rows above which an answer is refused.")
    seconds: float = Field(
        10.0, gt=0, le=30, description="Seconds that the query may take; it is stopped then."
    )
    memory_mib: int = Field(
        1_024, ge=64, le=1_048_576, description="MiB of memory that the query may take beside the store."
    )


class GraphExportSettings(GraphSettings):
    """`graph export`."""

    format: Literal["ttl", "nt", "nq", "trig", "jsonld", "graphml"] = Field(
        description="ttl and nt say each statement once, nq, trig and jsonld keep who says it; graphml has "
        "nodes and the statements between them."
    )
    out_file: Path = Field(description="File to write.", json_schema_extra={"flag": "--out"})


class GraphViewSettings(GraphSettings):
    """`graph view`."""

    out_file: Path = Field(description="HTML file to write.", json_schema_extra={"flag": "--out"})
    reach: int = Field(
        2,
        ge=1,
        le=6,
        description="Statements between the entity and what the page holds, at most.",
        json_schema_extra={"flag": "--depth"},
    )
    max_nodes: int = Field(150, ge=2, le=2_000, description="Nodes that the page holds, at most.")
    open_browser: bool = Field(
        False, description="Open the page in the default browser.", json_schema_extra={"flag": "--open"}
    )


class EvaluateGraphSettings(Settings):
    """`python -m index_builder evaluate graph`."""

    table: ClassVar[str] = "evaluate"
    also_in_table: ClassVar[tuple[str, ...]] = tuple(EvaluateSettings.model_fields)

    data: Path = Field(description="Data folder; the graph of its active generation is measured.")
    generation: str | None = Field(None, description="Another generation than the active one, by its id.")
    gold: Path = Field(
        description="Folder of hand-made labels (entities.tsv, relations.tsv, aliases.tsv, categories.tsv)."
    )
    split: Literal["dev", "test", "all"] = Field("all", description="Which labels count.")
    layers: bool = Field(
        False,
        description="Also measure each layer of reading alone: titles are read again, which takes seconds.",
    )
    ontology: tuple[Path, ...] = Field(
        (), description="With --layers: the ontologies that the graph was built with."
    )
    json_output: bool = Field(
        False, description="Print one JSON object.", json_schema_extra={"flag": "--json"}
    )
