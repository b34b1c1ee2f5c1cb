"""Whether a port can be had, asked of the operating system: gRPC says only that it failed, and on stderr."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.errors import ConfigError


def why_not(host: str, port: int) -> str | None:
    """What keeps a server from listening there; None when nothing does."""
    try:
        with _bound(host, port, socket.SO_REUSEADDR) as probe:
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return None


def cannot_listen(host: str, port: int, problem: str) -> ConfigError:
    return ConfigError(
        f"The server cannot listen on {host}:{port}: {problem}. Stop what listens there, or choose another "
        "--port.",
        host=host,
        port=port,
    )


@contextmanager
def reserved_port(host: str, port: int) -> Iterator[int]:
    """Keep a port for processes that share it (SO_REUSEPORT, Linux 3.9): the socket is bound, but does not
    listen, so that no connection comes to it. Port 0 takes any free one.

    Raises ConfigError when the port cannot be had, or the system lets no processes share one.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigError("This system lets no processes share a port; leave --processes at 1.")
    # Another server that shares its port would let us in.
    if (problem := why_not(host, port)) is not None:
        raise cannot_listen(host, port, problem)
    with _bound(host, port, socket.SO_REUSEPORT) as held:
        yield int(held.getsockname()[1])


@contextmanager
def _bound(host: str, port: int, option: int) -> Iterator[socket.socket]:
    family, kind, protocol, _, address = _resolved(host, port)
    with socket.socket(family, kind, protocol) as bound:
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind(address)
        yield bound


def _resolved(host: str, port: int) -> Any:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
