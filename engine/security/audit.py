"""Who changed what: a line for every call that needs more than the scope `search`, answered or refused.

A line holds names, never what was sent: no credentials and no words of a shopper or a product.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from engine.errors import ConfigError
from engine.security.key_file import OWNER_ONLY

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`caller` is a key's name, a token's subject or a client certificate's common name, empty where nobody
    knows; `outcome` a gRPC code, or BEGUN of a stream that begins and will have a line more when it ends;
    `reason` what ErrorInfo says; `generation` the one that answered; `collection` the one that was named,
    empty of a server that has one without a name.
    """

    caller: str
    key_id: str
    method: str
    request_id: str
    peer: str
    outcome: str
    reason: str = ""
    generation: str = ""
    collection: str = ""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Lines of JSON added to a file, whatever the log level; without one, lines of the log whose `logger` is
    "audit", at the level info. The file is opened for each line, so that it may be rotated by renaming.
    """

    path: Path | None = None

    def check(self) -> None:
        """Raises ConfigError when no line can be added."""
        try:
            self._add(b"")
        except OSError as error:
            raise ConfigError(f"The audit log {self.path} cannot be written: {error.strerror}.") from None

    def write(self, entry: AuditEntry) -> None:
        """The call has happened: a line that cannot be added goes to the log, as an error."""
        if self.path is None:
            _log.info("audit", logger="audit", **asdict(entry))
            return
        line = {"timestamp": datetime.now(UTC).isoformat(), **asdict(entry)}
        try:
            self._add(f"{json.dumps(line, ensure_ascii=False)}\n".encode(errors="replace"))
        except OSError as error:
            _log.error("audit line not written", logger="audit", error=error.strerror, **asdict(entry))

    def _add(self, line: bytes) -> None:
        if self.path is None:
            return
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            os.write(file, line)  # one write, so that lines of several processes do not mix
        finally:
            os.close(file)
