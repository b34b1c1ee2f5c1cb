"""One of the server processes that share a port: `python -m engine.commands.serve_one`, run by serve_many.py.

What it is told comes by lines on stdin: its settings as JSON, the port that it has for itself, and then
FOLLOW and a collection's name (none where it has none) whenever another process has moved the pointer of its
data folder. The end of stdin means stop, so that no process outlives its parent. On stdout it says SERVING
and its own port, and MOVED and the name when it has moved a pointer itself. It listens only when it is warm:
callers never reach a process that cannot answer yet.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TextIO

import structlog

from engine.bootstrap import open_engine
from engine.commands.opening import open_engines
from engine.commands.securing import open_security
from engine.commands.serve import leave_threads_behind, server_of, stop_signal, watch_of
from engine.commands.tracing import open_tracer
from engine.config import ServeSettings
from engine.errors import EngineError
from engine.interpreter import prepare_to_serve
from engine.logs import configure_logs, written_behind
from engine.metrics import Metrics, MetricsPage
from engine.rpc.security import Security
from engine.rpc.tenancy import named
from engine.rpc.tracing import Tracer
from engine.serving import ServingEngine
from engine.watch import Watch

FOLLOW, SERVING, MOVED = "follow", "serving", "moved"

_log = structlog.get_logger()


def serve_one(settings: ServeSettings, told: TextIO, tell: TextIO) -> int:
    """Runs until `told` ends, or SIGTERM or SIGINT; the exit status. Raises EngineError as `serve` does."""
    own_port = int(told.readline())
    with written_behind(sys.stderr) as stream:
        configure_logs(settings.log_level, settings.log_format, stream)
        prepare_to_serve()
        with open_security(settings) as security, open_tracer(settings) as tracer:
            stopped = _serve(settings, own_port, told, tell, security, tracer)
    if not stopped:
        leave_threads_behind()
    return 0


def _serve(
    settings: ServeSettings,
    own_port: int,
    told: TextIO,
    tell: TextIO,
    security: Security,
    tracer: Tracer | None,
) -> bool:
    """Whether nothing still runs."""
    metrics = Metrics(settings.catalogues)
    page = MetricsPage.open(metrics, settings.host, settings.metrics_port) if settings.metrics else None

    def watch(name: str) -> Watch:
        return replace(watch_of(metrics, name), on_move=lambda: _tell(tell, f"{MOVED} {name}"))

    with stop_signal() as stop:
        engines = open_engines(settings, open_engine, watch)
        threading.Thread(target=_listen, args=(told, engines, stop), name="told", daemon=True).start()
        server = server_of(settings, metrics, security, tracer, own_port)
        server.start()
        server.serve(engines)
        _tell(tell, f"{SERVING} {server.own_port}")
        for name, engine in engines.items():
            _log.info(
                "serving",
                generation=engine.status().generation.id,
                own_port=server.own_port,
                metrics_port=page.port if page else None,
                **named(name),
            )
        stop.wait()
        finished = server.drain(grace=settings.drain_grace, timeout=settings.drain_timeout)
    if page is not None:
        page.close()
    if not finished:
        _log.warning("stopped", unfinished="calls")
        return False
    for engine in engines.values():
        engine.close()
    return True


def _listen(told: TextIO, engines: Mapping[str, ServingEngine], stop: threading.Event) -> None:
    for line in told:
        word, _, name = line.strip().partition(" ")
        if word == FOLLOW:
            try:
                engines[name].follow()
            except EngineError as error:
                _log.error("generation not followed", error=error.message, **named(name))
    stop.set()


def _tell(tell: TextIO, line: str) -> None:
    """By one write, so that lines of several threads do not mix."""
    tell.write(f"{line}\n")
    tell.flush()


def main() -> int:
    settings = ServeSettings.model_validate_json(sys.stdin.readline())
    try:
        return serve_one(settings, sys.stdin, sys.stdout)
    except EngineError as error:
        _log.error("stopped", error=error.message)
        return 1


if __name__ == "__main__":
    sys.exit(main())
