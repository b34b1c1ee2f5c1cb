"""Settings of `python -m engine serve`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from engine.collection import ONLY
from engine.config.base import Settings
from engine.config.values import (
    DEFAULT_METRICS_PORT,
    DEFAULT_PORT,
    Collector,
    Device,
    LogFormat,
    LogLevel,
    NamedFolders,
    Port,
    Seconds,
)

_MOST_WORKERS = 8


class ServeSettings(Settings):
    """`python -m engine serve`."""

    table: ClassVar[str] = "serve"
    alternatives: ClassVar[tuple[str, ...]] = ("data", "collections")
    needs_one: ClassVar[bool] = True

    data: Path | None = Field(
        default=None, description="Data folder that index_builder writes; its active generation is served."
    )
    collections: NamedFolders = Field(
        default=(),
        description="A catalogue's name and data folder, NAME=DIR; may be repeated, to serve several apart "
        "from one another. A call names its own in the metadata x-collection.",
        json_schema_extra={"flag": "--collection"},
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. The default answers this machine only; 0.0.0.0 answers the "
        "network, for which --keys, --jwks or --tls-client-ca is needed.",
    )
    port: Port = Field(
        default=DEFAULT_PORT, description="TCP port for gRPC; 0 takes any free one and logs it."
    )
    port_file: Path | None = Field(
        default=None, description="File to write the gRPC port to, as digits, once the server listens."
    )
    tls_cert: Path | None = Field(
        default=None,
        description="PEM file of the server's certificate and those between it and its authority; with "
        "--tls-key, calls are encrypted. Files are read again when they change.",
    )
    tls_key: Path | None = Field(
        default=None, description="PEM file of the certificate's private key, without a password."
    )
    tls_client_ca: Path | None = Field(
        default=None,
        description="PEM file of the authorities whose certificates callers have to show (mutual TLS). By "
        "itself that lets its holders do everything; with --keys or --jwks they need a key or token, too.",
    )
    keys: Path | None = Field(
        default=None,
        description="File of API keys, made by `python -m engine key`; calls then need one. Read again when "
        "it changes.",
    )
    key_usage: Path | None = Field(
        default=None,
        description="File that counts the calls of keys with limits, for all servers of a machine together "
        "and past a restart; without it, all --processes are counted together until they end.",
    )
    jwks: Path | None = Field(
        default=None,
        description="File of public keys (JWKS: RS256, ES256, EdDSA) of who signs tokens (JWT) for callers; "
        "their claim scope holds search, write, follow, record, admin with blanks between, collections a "
        "list of those that it is for (without it, all). Read again when it changes.",
    )
    jwt_audience: str = Field(
        default="", description="The claim aud that a token must have; needed with --jwks."
    )
    jwt_issuer: str = Field(
        default="", description="The claim iss that a token must have; empty takes any that --jwks verifies."
    )
    network_without_authentication: bool = Field(
        default=False,
        description="Listen beyond this machine although anybody could then search and swap generations: "
        "for servers with a proxy or a network before them that decides who gets in.",
    )
    audit_log: Path | None = Field(
        default=None,
        description="File to add a line of JSON to for every call that writes, follows or administers: who, "
        "what, how it ended. Without it those lines are in the log.",
    )
    reflection: bool = Field(
        default=True, description="Let clients ask for the contract (gRPC reflection), as grpcurl does."
    )
    metrics: bool = Field(
        default=True,
        description="Serve Prometheus metrics over HTTP, on the same host: unencrypted, and without asking "
        "for keys.",
    )
    metrics_port: Port = Field(
        default=DEFAULT_METRICS_PORT, description="TCP port for metrics; 0 takes any free one and logs it."
    )
    device: Device = Field(
        default="auto", description="Where models and vector search run; auto is cuda if usable."
    )
    threads: int = Field(
        default=0, ge=0, le=1_024, description="CPU threads for models and vector search; 0 means all cores."
    )
    processes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Server processes that share the port, each with models, caches and --workers of its "
        "own; callers spread over them by connection. Each listens on a port after --port as well, for "
        "callers that balance themselves; their metrics have the ports from --metrics-port up.",
    )
    workers: int = Field(
        default=0,
        ge=0,
        le=1_024,
        description="Threads that answer calls; further accepted calls wait for one. 0 means twice the "
        "cores, 8 at most: Python runs one at a time, and more of them only slow down taking calls. Several "
        "collections share them out, 2 at least for each.",
    )
    max_inflight: int = Field(
        default=64,
        ge=1,
        le=100_000,
        description="Calls accepted at a time, running and waiting; one more is refused at once with "
        "RESOURCE_EXHAUSTED.",
    )
    max_inflight_per_collection: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Calls accepted at a time of one of several collections; 0 means half of --max-inflight, "
        "so that one that is flooded leaves the others room.",
    )
    rerank_depth: int = Field(
        default=20,
        ge=1,
        le=200,
        description="Candidates that the cross-encoder reads when a request names no depth.",
    )
    kind_weight: float = Field(
        0.5,
        ge=0,
        le=5,
        description="What a product gains in score that is surely the kind of thing asked for; words and "
        "meaning give 9 at most. 2 puts notebooks before most sleeves for 'laptop' where titles lack it, "
        "at the price of other finds.",
    )
    candidates_per_source: int = Field(
        default=200, ge=1, le=1_000, description="Candidates of each source when a request names no number."
    )
    cached_results: int = Field(
        default=1_000,
        ge=0,
        le=10_000_000,
        description="Answers kept for those who ask the same again, until another generation serves; about "
        "80 KiB each; 0 keeps none.",
    )
    cached_embeddings: int = Field(
        default=10_000,
        ge=0,
        le=10_000_000,
        description="Embeddings of queries kept, for the same query with another filter or page; 0 keeps "
        "none.",
    )
    live_products: int = Field(
        default=100_000,
        ge=0,
        le=10_000_000,
        description="Products with new words that live changes may hold, replaced ones too, until a "
        "generation is built from them; each takes its embedding and its text in memory. More are refused; "
        "0 takes none.",
    )
    event_days: int = Field(
        default=365,
        ge=0,
        le=36_500,
        description="Days that shoppers' events are kept, by the time when they happened: a year holds every "
        "season once. Older ones are erased at the start and once a day, and refused; 0 keeps them for ever.",
    )
    shopper_key_file: Path | None = Field(
        default=None,
        description="File of the key by which shoppers' ids are hidden, made when there is none; of several "
        "collections each has its own, with .NAME behind. Without it, shopper.key in the data folder's "
        "live/; it is in no backup, so keep a copy of it elsewhere.",
    )
    followers: int = Field(
        default=8,
        ge=0,
        le=1_000,
        description="Callers that may follow the change log (WatchChanges) at a time, each with a thread of "
        "its own and a few MiB; one more is refused with RESOURCE_EXHAUSTED, and so are more than half of "
        "them of one of several collections. 0 lets none.",
    )
    min_relevance_ratio: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="Relevance gate of ActivateGeneration: a generation is refused whose nDCG@10 or "
        "recall@100, as its build measured them, is less than this share of the serving one's, unless the "
        "call says force. 0 lets all through.",
    )
    recall_checks: int = Field(
        default=6,
        ge=0,
        le=6_000,
        description="Searches by vectors a minute, at most, that are repeated exactly in the background, so "
        "that the metrics tell what live searches miss; 0 repeats none.",
    )
    graph_query_processes: int = Field(
        default=2,
        ge=0,
        le=64,
        description="SPARQL queries (QueryGraph) that run at a time, each in a process of its own, started "
        "when first needed; one more is refused. 0 runs none.",
    )
    graph_query_memory: int = Field(
        default=512,
        ge=64,
        le=65_536,
        description="MiB of memory that a SPARQL query may take beside what its process needs to open the "
        "graph; one that wants more is stopped.",
    )
    drain_grace: Seconds = Field(
        default=0.5,
        description="Seconds between health turning NOT_SERVING on SIGTERM or SIGINT and refusing new calls, "
        "so that balancers notice first.",
    )
    drain_timeout: Seconds = Field(
        default=20.0,
        description="Seconds that calls in flight then have to finish before they are cancelled.",
    )
    log_level: LogLevel = Field(
        default="info",
        description="Least severe log line that is written; debug includes the shoppers' queries.",
    )
    log_format: LogFormat = Field(
        default="auto", description="Form of log lines; auto is console on a terminal."
    )
    slow_search_ms: float = Field(
        default=500.0,
        ge=0,
        le=3_600_000,
        description="Milliseconds from which a search is logged as slow, with what explains it; 0 logs none.",
    )
    otlp_endpoint: Collector = Field(
        default="",
        description="Collector that traces are sent to by OTLP over gRPC, as http://localhost:4317, or with "
        "https:// to encrypt. Needs the extra otel. Empty traces nothing.",
    )
    trace_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of calls that are traced, 0 to 1, where the caller's traceparent does not decide.",
    )
    verify: bool = Field(
        default=True, description="Check the SHA-256 of every file of a generation before opening it."
    )

    @property
    def catalogues(self) -> Mapping[str, Path]:
        """The data folder of each collection; of the one that --data gives, under ONLY."""
        return dict(self.collections) if self.data is None else {ONLY: self.data}

    def shopper_key_of(self, folder: Path) -> Path | None:
        """The key file of one of `catalogues`; None is the one inside the data folder. No two share a key, so
        that nobody can tell that a shopper of one is a shopper of another.
        """
        name = next((name for name, each in self.catalogues.items() if each == folder), ONLY)
        file = self.shopper_key_file
        return file.with_name(f"{file.name}.{name}") if file and name else file

    @property
    def tells_words(self) -> bool:
        """Whether logs and traces may hold what shoppers asked."""
        return self.log_level == "debug"

    @property
    def worker_count(self) -> int:
        return self.workers or min(_MOST_WORKERS, 2 * (os.cpu_count() or 1))
