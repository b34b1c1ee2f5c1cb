"""What Prometheus is told. Each instance has a registry of its own, so that one process may hold several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from engine.collection import ONLY
from engine.errors import ConfigError
from engine.gauges import CertificateExpiry, LiveChanges, ServingGeneration
from engine.live.changes import ChangeResult
from engine.request import SearchResult
from engine.shopper_events import EventOutcome
from engine.types import LiveStatus, ServingStatus

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STAGE_SECONDS = (0.0001, 0.00025, 0.0005, *SECONDS[:-2])
RECALLS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Names begin with `cartograph_`, but for those of the process; durations are in seconds. No label takes
    its values from what callers send: `collection` is one of the server's, empty where it has one without a
    name, and for calls that were refused before theirs was known.
    """

    def __init__(self, collections: Iterable[str] = (ONLY,)) -> None:
        """What happens now and then is told of these `collections` before it happens: as 0."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._calls = Counter(
            "cartograph_calls", "Finished calls.", ("method", "code", "collection"), registry=self.registry
        )
        self._latency = Histogram(
            "cartograph_call_seconds",
            "Time from the start of a call's handler to its answer.",
            ("method", "collection"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "cartograph_stage_seconds",
            "Wall time of a search's stage.",
            ("stage",),
            buckets=STAGE_SECONDS,
            registry=self.registry,
        )
        self._degraded = Counter(
            "cartograph_degraded_stages",
            "Stages shortened or skipped for want of time.",
            ("stage",),
            registry=self.registry,
        )
        self._batches = Histogram(
            "cartograph_batch_size",
            "Texts that a model read in one batch.",
            ("model",),
            buckets=BATCH_SIZES,
            registry=self.registry,
        )
        self._batch_seconds = Histogram(
            "cartograph_batch_seconds",
            "Time of one batch in a model.",
            ("model",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._lookups = Counter(
            "cartograph_cache_lookups",
            "Lookups in a cache: hit, joined (another caller was computing the same), or miss.",
            ("cache", "outcome"),
            registry=self.registry,
        )
        self._recall = Histogram(
            "cartograph_vector_recall",
            "Share of the exactly nearest that live searches found, by the share that passed the filter.",
            ("passing", "collection"),
            buckets=RECALLS,
            registry=self.registry,
        )
        self._refused = Counter(
            "cartograph_refused_calls",
            "Calls refused before any work, by reason.",
            ("reason", "collection"),
            registry=self.registry,
        )
        self._slow_searches = Counter(
            "cartograph_slow_searches",
            "Searches that the log calls slow.",
            ("collection",),
            registry=self.registry,
        )
        self._changes = Counter(
            "cartograph_live_changes",
            "Changes of products that were committed.",
            ("collection",),
            registry=self.registry,
        )
        self._refused_changes = Counter(
            "cartograph_live_changes_refused",
            "Changes of products that were refused one by one, by reason.",
            ("reason", "collection"),
            registry=self.registry,
        )
        self._events = Counter(
            "cartograph_events",
            "Events of shoppers that were recorded.",
            ("collection",),
            registry=self.registry,
        )
        self._refused_events = Counter(
            "cartograph_events_refused",
            "Events of shoppers that were refused one by one, by reason.",
            ("reason", "collection"),
            registry=self.registry,
        )
        self._erased_events = Counter(
            "cartograph_events_erased",
            "Events of shoppers that were erased: their shopper was forgotten, or they expired.",
            ("cause", "collection"),
            registry=self.registry,
        )
        self._commits = Histogram(
            "cartograph_live_commit_seconds",
            "Time of one commit of live changes, from taking them until searches see them.",
            ("collection",),
            buckets=SECONDS,
            registry=self.registry,
        )
        for each in collections:
            for family in (self._slow_searches, self._changes, self._events, self._commits):
                family.labels(each)

    def call_finished(self, method: str, code: str, seconds: float, collection: str = ONLY) -> None:
        self._calls.labels(method, code, collection).inc()
        self._latency.labels(method, collection).observe(seconds)

    def call_refused(self, method: str, code: str, reason: str, collection: str = ONLY) -> None:
        self._calls.labels(method, code, collection).inc()
        self._refused.labels(reason, collection).inc()

    def stream_finished(self, method: str, code: str, collection: str = ONLY) -> None:
        """It lasted as long as its caller liked, which says nothing of how fast calls are answered."""
        self._calls.labels(method, code, collection).inc()

    def search_finished(self, result: SearchResult) -> None:
        for timing in result.timings:
            self._stages.labels(timing.stage).observe(timing.seconds)
        for degraded in result.degraded:
            self._degraded.labels(degraded.stage).inc()

    def batch_finished(self, model: str, size: int, seconds: float) -> None:
        self._batches.labels(model).observe(size)
        self._batch_seconds.labels(model).observe(seconds)

    def cache_looked_up(self, cache: str, outcome: str) -> None:
        self._lookups.labels(cache, outcome).inc()

    def recall_measured(self, bucket: str, recall: float, collection: str = ONLY) -> None:
        self._recall.labels(bucket, collection).observe(recall)

    def search_was_slow(self, collection: str = ONLY) -> None:
        self._slow_searches.labels(collection).inc()

    def changes_finished(self, result: ChangeResult, collection: str = ONLY) -> None:
        """A repeated request changed nothing, and is not counted again."""
        if result.repeated:
            return
        self._changes.labels(collection).inc(sum(1 for outcome in result.outcomes if outcome.sequence))
        for outcome in result.outcomes:
            if not outcome.sequence:
                self._refused_changes.labels(outcome.reason, collection).inc()

    def events_finished(self, outcomes: Sequence[EventOutcome], collection: str = ONLY) -> None:
        """One that was there already is not counted again."""
        new = sum(1 for outcome in outcomes if not (outcome.reason or outcome.repeated))
        self._events.labels(collection).inc(new)
        for outcome in outcomes:
            if outcome.reason:
                self._refused_events.labels(outcome.reason, collection).inc()

    def shopper_forgotten(self, erased: int, collection: str = ONLY) -> None:
        self._erased_events.labels("forgotten", collection).inc(erased)

    def events_expired(self, count: int, *, collection: str = ONLY) -> None:
        self._erased_events.labels("expired", collection).inc(count)

    def commit_finished(self, _requests: int, seconds: float, collection: str = ONLY) -> None:
        self._commits.labels(collection).observe(seconds)

    def watch_load(self, running: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Read at every scrape: calls being answered, and calls accepted that wait for a thread."""
        Gauge("cartograph_inflight_calls", "Calls being answered.", registry=self.registry).set_function(
            running
        )
        Gauge(
            "cartograph_queued_calls", "Accepted calls that wait for a thread.", registry=self.registry
        ).set_function(waiting)

    def watch_followers(
        self, counts: Mapping[str, Callable[[], int]], behind: Mapping[str, Callable[[], float]]
    ) -> None:
        """By collection, read at every scrape."""
        followers = Gauge(
            "cartograph_change_followers",
            "Callers that follow the change log.",
            ("collection",),
            registry=self.registry,
        )
        changes = Gauge(
            "cartograph_change_followers_behind",
            "Changes that the follower furthest behind has not been sent; NaN while that is not known.",
            ("collection",),
            registry=self.registry,
        )
        for collection, count in counts.items():
            followers.labels(collection).set_function(count)
            changes.labels(collection).set_function(behind[collection])

    def watch_generation(self, statuses: Mapping[str, Callable[[], ServingStatus]]) -> None:
        """By collection, read at every scrape; while nothing serves (NotServingError) there is no sample."""
        self.registry.register(ServingGeneration(statuses))

    def watch_live(self, statuses: Mapping[str, Callable[[], LiveStatus]]) -> None:
        """By collection, read at every scrape; while it raises EngineError there is no sample."""
        self.registry.register(LiveChanges(statuses))

    def watch_certificate(self, expires: Callable[[], datetime | None]) -> None:
        """Read at every scrape; None where connections are not encrypted."""
        self.registry.register(CertificateExpiry(expires))


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """Serves `/metrics` over HTTP from a thread of its own until it is closed."""

    server: WSGIServer

    @classmethod
    def open(cls, metrics: Metrics, host: str, port: int) -> MetricsPage:
        """Port 0 takes any free one. Raises ConfigError when the port cannot be had."""
        try:
            server, _ = start_http_server(port, host, metrics.registry)
        except OSError as error:
            raise ConfigError(
                f"Metrics cannot listen on {host}:{port}: {error.strerror}. Choose another --metrics-port, "
                "or --no-metrics.",
                port=port,
            ) from None
        return cls(server)

    @property
    def port(self) -> int:
        return self.server.server_port

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
