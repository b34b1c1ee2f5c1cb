"""Settings become what traces calls, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.config import ServeSettings
from engine.errors import ConfigError
from engine.rpc.tracing import Tracer


@contextmanager
def open_tracer(settings: ServeSettings) -> Iterator[Tracer | None]:
    """None, and not even an import, without --otlp-endpoint. At the end it sends what waits.

    Raises ConfigError when the packages are not there.
    """
    if not settings.otlp_endpoint:
        yield None
        return
    try:
        from engine.telemetry import CallTracer
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise ConfigError(
            "--otlp-endpoint needs the OpenTelemetry packages; install them with "
            "`pip install 'cartograph-search[otel]'`, or leave the flag out.",
            package=error.name,
        ) from None
    tracer = CallTracer.open(settings.otlp_endpoint, settings.trace_share, words=settings.tells_words)
    try:
        yield tracer
    finally:
        tracer.close()
