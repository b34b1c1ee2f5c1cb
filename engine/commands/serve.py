"""`python -m engine serve`: listen, load, answer, drain."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import structlog

from engine.collection import ONLY
from engine.commands.opening import OpenEngine, open_engines
from engine.commands.securing import open_security
from engine.commands.tracing import open_tracer
from engine.config import ServeSettings
from engine.files import write_atomically
from engine.interpreter import prepare_to_serve
from engine.logs import configure_logs, written_behind
from engine.metrics import Metrics, MetricsPage
from engine.rpc.engine_api import SearchEngine
from engine.rpc.security import Security
from engine.rpc.server import Server
from engine.rpc.tenancy import named
from engine.rpc.tracing import Tracer
from engine.watch import Watch

_log = structlog.get_logger()


def serve(settings: ServeSettings, open_engine: OpenEngine[SearchEngine] | None = None) -> int:
    """Runs until SIGTERM or SIGINT; the exit status. `open_engine` loads and warms what answers.

    The server listens from the start and answers UNAVAILABLE until all engines are warm. A second signal ends
    the process at once. Raises EngineError when it cannot listen or an engine cannot be opened.
    """
    if settings.processes > 1:
        from engine.commands.serve_many import serve_many

        return serve_many(settings)
    with written_behind(sys.stderr) as stream:
        configure_logs(settings.log_level, settings.log_format, stream)
        prepare_to_serve()
        with open_security(settings) as security, open_tracer(settings) as tracer:
            stopped = _serve(settings, open_engine or _bootstrap, security, tracer)
    if not stopped:
        leave_threads_behind()
    return 0


def _serve(
    settings: ServeSettings,
    open_engine: OpenEngine[SearchEngine],
    security: Security,
    tracer: Tracer | None,
) -> bool:
    """Whether nothing still runs."""
    metrics = Metrics(settings.catalogues)
    server = server_of(settings, metrics, security, tracer)
    page = MetricsPage.open(metrics, settings.host, settings.metrics_port) if settings.metrics else None
    with stop_signal() as stop:
        server.start()
        if settings.port_file is not None:
            write_atomically(settings.port_file, f"{server.port}\n".encode())
        _log.info(
            "listening",
            host=settings.host,
            port=server.port,
            metrics_port=page.port if page else None,
            tls=security.certificates is not None,
            authentication=security.access is not None,
        )
        loading = _Loading(settings, open_engine, server, stop)
        stop.wait()
        grace = 0.0 if loading.error else settings.drain_grace
        finished = server.drain(grace=grace, timeout=settings.drain_timeout)
    if page is not None:
        page.close()
    if loading.error is not None:
        raise loading.error
    if loading.is_alive() or not finished:
        _log.warning("stopped", unfinished="loading" if loading.is_alive() else "calls")
        return False
    for engine in loading.engines.values():
        engine.close()
    _log.info("stopped")
    return True


class _Loading(threading.Thread):
    """Opens the engines beside the server, so that signals and health are answered meanwhile."""

    def __init__(
        self,
        settings: ServeSettings,
        open_engine: OpenEngine[SearchEngine],
        server: Server,
        stop: threading.Event,
    ) -> None:
        super().__init__(name="loading", daemon=True)
        self._settings, self._open, self._server, self._stop_serving = settings, open_engine, server, stop
        self.engines: Mapping[str, SearchEngine] = {}
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.engines = open_engines(self._settings, self._open, partial(watch_of, self._server.metrics))
            self._server.serve(self.engines)
            for name, engine in self.engines.items():
                status = engine.status()
                _log.info("serving", generation=status.generation.id, device=status.device, **named(name))
        except Exception as error:
            self.error = error
            self._stop_serving.set()


def server_of(
    settings: ServeSettings,
    metrics: Metrics,
    security: Security,
    tracer: Tracer | None,
    own_port: int | None = None,
) -> Server:
    """Raises ConfigError when a port cannot be had."""
    return Server(
        host=settings.host,
        port=settings.port,
        own_port=own_port,
        workers=settings.worker_count,
        max_inflight=settings.max_inflight,
        max_inflight_per_collection=settings.max_inflight_per_collection,
        followers=settings.followers,
        collections=tuple(settings.catalogues),
        metrics=metrics,
        security=security,
        tracer=tracer,
    )


def watch_of(metrics: Metrics, collection: str = ONLY) -> Watch:
    """Models and caches are the machine's; what they do is counted for all collections together."""
    return Watch(
        on_batch=metrics.batch_finished,
        on_lookup=metrics.cache_looked_up,
        on_recall=partial(metrics.recall_measured, collection=collection),
        on_commit=partial(metrics.commit_finished, collection=collection),
        on_slow_search=partial(metrics.search_was_slow, collection),
        on_expired=partial(metrics.events_expired, collection=collection),
    )


def _bootstrap(folder: Path, settings: ServeSettings, watch: Watch) -> SearchEngine:
    from engine.bootstrap import open_engine

    return open_engine(folder, settings, watch)


@contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """Set by SIGTERM and SIGINT; a second one ends the process at once."""
    stop = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_threads_behind() -> None:
    """Threads inside native code cannot be interrupted, and the interpreter would wait for them."""
    sys.stderr.flush()
    os._exit(0)
