"""Settings of `python -m index_builder train encoder|reranker|fusion`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from engine.config import Device, Settings
from index_builder.config import DEFAULT_BASE_MODEL, Threads


class TrainSettings(Settings):
    """What every training takes: where its lessons come from, what bounds it, where the model goes."""

    table: ClassVar[str] = "train"

    out: Path = Field(description="Folder of the model; made when absent.")
    queries: Path | None = Field(
        None,
        description="Judged queries (TSV of query_id, query) to learn from, never those to evaluate with; "
        "needs --qrels.",
    )
    qrels: Path | None = Field(
        None, description="Judgements (TSV of query_id, product_id, rating) to learn from; needs --queries."
    )
    events: tuple[Path, ...] = Field(
        (),
        description="What shoppers did (JSONL, CSV, TSV or Parquet of type, query, product_id and, where "
        "there are, position, shopper_id, search_id, time), or a data folder: what its servers recorded.",
    )
    evaluation_queries: Path | None = Field(
        None,
        description="Queries (TSV of query_id, query) that no training may see, in whatever spelling: those "
        "to evaluate with.",
    )
    preview: bool = Field(False, description="Show what would be learned from, and stop.")
    dry_run: bool = Field(False, description="Estimate time and memory, and stop.")
    resume: bool = Field(False, description="Go on from the last checkpoint of a run that was stopped.")
    max_minutes: float = Field(
        0.0,
        ge=0,
        le=100_000,
        description="Minutes after which the best model so far is written; 0: no limit.",
    )
    json_output: bool = Field(
        False, description="Print one JSON object.", json_schema_extra={"flag": "--json"}
    )
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    threads: Threads = Field(0, description="CPU threads; 0 means all cores.")
    device: Device = Field("auto", description="Where models learn and run; auto is cuda if usable.")


class CatalogueSettings(TrainSettings):
    """A training that reads the catalogue and its graph."""

    catalog: tuple[Path, ...] = Field(
        min_length=1, description="Catalogue files: JSONL, CSV, TSV or Parquet, gzipped or not."
    )
    mapping: str | None = Field(
        None, description="How fields are named: a TOML file, or one that ships. Recognised when left out."
    )
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="Share of unusable rows (0 to 1) above which the run fails."
    )
    graph: Path | None = Field(
        None,
        description="Data folder of a build from the same catalogue: its graph is learned from. Without it, "
        "a graph of what fields, names and quantities say is made first.",
    )
    base_model: str = Field(
        DEFAULT_BASE_MODEL, description="Model to start from: a folder, a hub name, or a pip package."
    )
    held_out_share: float = Field(
        0.1, gt=0, lt=1, description="Share of the queries that is kept back to choose the best model by."
    )


class TrainEncoderSettings(CatalogueSettings):
    """`train encoder`."""

    pairs: int = Field(
        10_000,
        ge=100,
        le=10_000_000,
        description="Times that a query is learned from; more takes longer (about 25 a second on 2 cores).",
    )
    negatives: int = Field(1, ge=1, le=8, description="Hard negatives learned with each query.")
    rounds: int = Field(
        1,
        ge=1,
        le=10,
        description="Times that hard negatives are looked for, each with the encoder as it is by then.",
    )
    batch_size: int = Field(
        64,
        ge=4,
        le=65_536,
        description="Queries learned at a time; their products are each other's negatives.",
    )
    learning_rate: float = Field(4e-5, gt=0, le=1, description="Highest learning rate.")
    train_tokens: int = Field(
        48, ge=8, le=512, description="Tokens of a product's text that are learned from."
    )
    dimensions: tuple[int, ...] = Field(
        (256, 128, 64),
        description="How many first components shall do alone (Matryoshka); may be given several times.",
        json_schema_extra={"flag": "--dimension"},
    )
    query_prompt: str | None = Field(None, description="Put before queries [default: the base model's].")
    product_prompt: str | None = Field(None, description="Put before products [default: the base model's].")
    lora_rank: int = Field(
        0,
        ge=0,
        le=256,
        description="Learn changes of this rank to the weights (LoRA); 0: the weights themselves.",
    )
    adversary: Literal["none", "fgm", "awp"] = Field(
        "none",
        description="Disturb word embeddings (fgm) or weights (awp) while learning; takes twice as long.",
    )
    teacher: Path | None = Field(
        None, description="Folder of a trained reranker whose scores are learned from as well."
    )
    distillation: float = Field(
        1.0, ge=0, le=100, description="With --teacher: what its scores count beside what answers a query."
    )


class TrainRerankerSettings(CatalogueSettings):
    """`train reranker`."""

    draws: int = Field(
        4_000,
        ge=100,
        le=10_000_000,
        description="Times that a query is composed from the graph; one drawn again gains products.",
    )
    pairs: int = Field(
        6_000,
        ge=100,
        le=100_000_000,
        description="Pairs of query and product that the teacher learns from, at most; more takes longer.",
    )
    layers: int = Field(2, ge=1, le=48, description="Layers of the model that serves.")
    teacher_layers: int = Field(
        6,
        ge=0,
        le=48,
        description="Layers of the teacher whose scores it learns; 0: it learns from the labels alone.",
    )


class TrainFusionSettings(TrainSettings):
    """`train fusion`."""

    data: Path = Field(description="Data folder; its active generation's scores are weighed.")


for _each in (TrainEncoderSettings, TrainRerankerSettings, TrainFusionSettings):
    _each.also_in_table = tuple(
        {
            *TrainEncoderSettings.model_fields,
            *TrainRerankerSettings.model_fields,
            *TrainFusionSettings.model_fields,
        }
        - set(_each.model_fields)
    )
