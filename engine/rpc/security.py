"""What a server asks of its connections and callers, as gRPC takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc

from engine.security.access import Access
from engine.security.audit import AuditLog
from engine.security.certificates import Certificates
from engine.security.reload import Reloaded


@dataclass(frozen=True, slots=True)
class Connections:
    """Seconds, bytes and counts; the defaults are for callers that keep their connections, as backends do."""

    handshake: float = 10.0
    """A connection that has not said what it wants by then is closed; gRPC would wait 120."""
    idle: float = 900.0
    """Without calls for that long, a connection is closed."""
    age: float = 3_600.0
    """Then callers connect anew, so that a certificate's holder is asked again and new processes get a share;
    calls in flight have `age_grace` more.
    """
    age_grace: float = 60.0
    ping: float = 120.0
    """Connections are asked so often whether the other side is still there; one that does not answer in
    `ping_timeout` is closed.
    """
    ping_timeout: float = 20.0
    least_ping: float = 10.0
    """A caller that pings more often is cut off."""
    metadata: int = 16 * 1024
    """Of one call; a token takes 1 or 2 KiB."""
    calls: int = 10_000
    """Calls at a time on one connection; more wait at the caller. Far above what a server takes in all."""

    def options(self) -> tuple[tuple[str, int], ...]:
        return (
            ("grpc.server_handshake_timeout_ms", round(self.handshake * 1_000)),
            ("grpc.max_connection_idle_ms", round(self.idle * 1_000)),
            ("grpc.max_connection_age_ms", round(self.age * 1_000)),
            ("grpc.max_connection_age_grace_ms", round(self.age_grace * 1_000)),
            ("grpc.keepalive_time_ms", round(self.ping * 1_000)),
            ("grpc.keepalive_timeout_ms", round(self.ping_timeout * 1_000)),
            ("grpc.http2.min_ping_interval_without_data_ms", round(self.least_ping * 1_000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.max_metadata_size", self.metadata),
            ("grpc.absolute_max_metadata_size", self.metadata),
            ("grpc.max_concurrent_streams", self.calls),
        )


@dataclass(frozen=True, slots=True)
class Security:
    """The defaults let everybody in, unencrypted."""

    access: Access | None = None
    certificates: Reloaded[Certificates] | None = None
    audit: AuditLog = field(default_factory=AuditLog)
    reflection: bool = True
    connections: Connections = field(default_factory=Connections)


def credentials_of(certificates: Reloaded[Certificates]) -> grpc.ServerCredentials:
    """For one port. Each handshake takes the certificates that are current; connections that stand keep
    theirs.
    """
    given = certificates.value

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal given
        latest = certificates.value
        if latest is given:
            return None
        given = latest
        return _configuration(latest)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(given),
        changed,  # type: ignore[arg-type]  # None means as before, which the stubs do not know
        require_client_authentication=given.client_ca is not None,
    )


def _configuration(certificates: Certificates) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(certificates.key, certificates.chain)], root_certificates=certificates.client_ca
    )
