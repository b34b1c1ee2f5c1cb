"""What Prometheus is told of how things stand: read at every scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.errors import EngineError, NotServingError
from engine.types import LiveStatus, ServingStatus


@dataclass(frozen=True, slots=True)
class ServingGeneration(Collector):
    """While nothing serves (NotServingError) there is no sample."""

    status: Callable[[], ServingStatus]

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "cartograph_serving_generation",
            "1 for the generation that serves; its label says which.",
            labels=("generation", "device"),
        )
        created = GaugeMetricFamily(
            "cartograph_serving_generation_created_timestamp_seconds", "When it was built."
        )
        since = GaugeMetricFamily(
            "cartograph_serving_since_timestamp_seconds", "When this process began to serve it."
        )
        products = GaugeMetricFamily("cartograph_serving_products", "Products in the serving generation.")
        try:
            status = self.status()
        except NotServingError:
            pass
        else:
            family.add_metric((status.generation.id, status.device), 1)
            created.add_metric((), status.generation.created.timestamp())
            since.add_metric((), status.since.timestamp())
            products.add_metric((), status.generation.product_count)
        yield from (family, created, since, products)


@dataclass(frozen=True, slots=True)
class LiveChanges(Collector):
    """While nothing serves, and while the log cannot be read, there is no sample."""

    status: Callable[[], LiveStatus]

    def collect(self) -> Iterator[Metric]:
        try:
            status = self.status()
        except EngineError:
            status = None
        for name, text, value in (
            ("live_sequence", "Number of the newest change that searches see.", "sequence"),
            ("live_slots", "Products with new words that live changes hold, replaced ones too.", "slots"),
            ("live_slots_limit", "As many as they may hold.", "most_slots"),
            ("change_log_bytes", "Bytes that the log of live changes keeps.", "log_bytes"),
        ):
            family = GaugeMetricFamily(f"cartograph_{name}", text)
            if status is not None:
                family.add_metric((), getattr(status, value))
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
