"""Whether a server may listen where it was told to."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from engine.errors import ConfigError


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address. A name that nobody knows is not ours."""
    try:
        found = socket.getaddrinfo(host or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def check_exposure(host: str, *, authenticated: bool, allowed: bool) -> None:
    """Raises ConfigError for a server that would answer anybody on the network without having been told so
    in as many words.
    """
    if not (authenticated or allowed or is_loopback(host)):
        raise ConfigError(
            f"The server would answer anybody who reaches {host}: give --keys, --jwks or --tls-client-ca, or "
            "say --network-without-authentication if something before it decides who gets in.",
            host=host,
        )
