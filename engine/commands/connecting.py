"""How a command reaches a server: encrypted or not, with a key or without."""

from __future__ import annotations

from pathlib import Path

import grpc

from engine.config import SearchSettings
from engine.errors import ConfigError
from engine.rpc.server import MAX_RESPONSE_BYTES
from engine.rpc.tenancy import COLLECTION


def channel_to(settings: SearchSettings) -> grpc.Channel:
    """Raises ConfigError for a file that cannot be read, and a certificate without its key."""
    options = (("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),)
    if (settings.client_cert is None) != (settings.client_key is None):
        raise ConfigError("--client-cert and --client-key belong together; give both, or neither.")
    if not (settings.tls or settings.tls_ca or settings.client_cert):
        return grpc.insecure_channel(settings.target, options)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read(settings.tls_ca),
        private_key=_read(settings.client_key),
        certificate_chain=_read(settings.client_cert),
    )
    return grpc.secure_channel(settings.target, credentials, options)


def sent_with(settings: SearchSettings) -> tuple[tuple[str, str], ...]:
    """The metadata that says which collection is meant and who calls. Raises ConfigError for a file without
    a key.
    """
    meant = ((COLLECTION, settings.collection),) if settings.collection else ()
    content = _read(settings.api_key_file)
    if content is None:
        return meant
    text = content.decode(errors="replace").strip()
    if not (text and text.isascii() and text.isprintable()):
        raise ConfigError(f"{settings.api_key_file} holds no API key or token on a line of its own.")
    return (*meant, ("authorization", f"Bearer {text}"))


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
