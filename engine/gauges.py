"""What Prometheus is told of how things stand: read at every scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.errors import EngineError, NotServingError
from engine.types import LiveStatus, ServingStatus


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps them by identity
class ServingGeneration(Collector):
    """By collection. While nothing serves there (NotServingError) there is no sample."""

    statuses: Mapping[str, Callable[[], ServingStatus]]

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "cartograph_serving_generation",
            "1 for the generation that serves; its label says which.",
            labels=("generation", "device", "collection"),
        )
        created, since, products = (
            GaugeMetricFamily(f"cartograph_serving_{name}", text, labels=("collection",))
            for name, text in (
                ("generation_created_timestamp_seconds", "When it was built."),
                ("since_timestamp_seconds", "When this process began to serve it."),
                ("products", "Products in the serving generation."),
            )
        )
        for collection, status_of in self.statuses.items():
            try:
                status = status_of()
            except NotServingError:
                continue
            family.add_metric((status.generation.id, status.device, collection), 1)
            created.add_metric((collection,), status.generation.created.timestamp())
            since.add_metric((collection,), status.since.timestamp())
            products.add_metric((collection,), status.generation.product_count)
        yield from (family, created, since, products)


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps them by identity
class LiveChanges(Collector):
    """By collection. While nothing serves, and while the log cannot be read, there is no sample."""

    statuses: Mapping[str, Callable[[], LiveStatus]]

    def collect(self) -> Iterator[Metric]:
        found: dict[str, LiveStatus] = {}
        for collection, status_of in self.statuses.items():
            with suppress(EngineError):
                found[collection] = status_of()
        for name, text, value in (
            ("live_sequence", "Number of the newest change that searches see.", "sequence"),
            ("live_slots", "Products with new words that live changes hold, replaced ones too.", "slots"),
            ("live_slots_limit", "As many as they may hold.", "most_slots"),
            ("change_log_bytes", "Bytes that the log of live changes keeps.", "log_bytes"),
        ):
            family = GaugeMetricFamily(f"cartograph_{name}", text, labels=("collection",))
            for collection, status in found.items():
                family.add_metric((collection,), getattr(status, value))
            yield family


@dataclass(frozen=True, slots=True)
class CertificateExpiry(Collector):
    """None means that there is no certificate, and no sample."""

    expires: Callable[[], datetime | None]

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "cartograph_tls_certificate_expiry_timestamp_seconds",
            "When the server's certificate, or one between it and its authority, expires.",
        )
        expires = self.expires()
        if expires is not None:
            family.add_metric((), expires.timestamp())
        yield family
