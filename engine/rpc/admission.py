"""Whether a call is let in, and the record of those that matter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message

from engine.rpc.call import method_name
from engine.rpc.tenancy import Collections, check_reach, current
from engine.security.access import Access
from engine.security.audit import AuditEntry, AuditLog
from engine.security.caller import Caller
from engine.security.scopes import Scope, scope_of

_ITEMS = {
    "/cartograph.v1.SearchService/BatchSearchProducts": "requests",
    "/cartograph.v1.CatalogService/BatchGetProducts": "product_ids",
    "/cartograph.v1.CatalogService/UpsertProducts": "upserts",
    "/cartograph.v1.CatalogService/PatchProducts": "patches",
    "/cartograph.v1.CatalogService/DeleteProducts": "product_ids",
    "/cartograph.v1.EventService/RecordEvents": "events",
}
"""Calls that are worth as many as this field has entries."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Without `access`, everybody is let in and nobody has a name."""

    access: Access | None
    audit: AuditLog
    collections: Collections = field(default_factory=Collections)

    def identify(self, details: grpc.HandlerCallDetails) -> Caller | None:
        """Raises an UnauthenticatedError."""
        return None if self.access is None else self.access.caller_of(details.invocation_metadata or ())

    def choose(self, caller: Caller | None, details: grpc.HandlerCallDetails) -> str:
        """The collection that the call is for; raises as `Collections.choose`."""
        return self.collections.choose(details.invocation_metadata or (), caller)

    def permit(self, caller: Caller | None, method: str) -> None:
        """Raises PermissionDeniedError."""
        if self.access is not None and caller is not None:
            self.access.permit(caller, method)

    def renew(self, context: grpc.ServicerContext, method: str) -> None:
        """For a call that lasts. Raises an UnauthenticatedError, PermissionDeniedError or
        CollectionDeniedError when it would not be let in any more: its key was revoked, or has expired.
        """
        if self.access is not None:
            caller = self.access.caller_of(context.invocation_metadata() or ())
            self.permit(caller, method)
            check_reach(caller, current())

    def spend(self, caller: Caller | None) -> None:
        """Raises RateLimitError or QuotaError."""
        if self.access is not None and caller is not None:
            self.access.limiter.spend(caller)

    def charge(self, caller: Caller | None, method: str, request: Message) -> None:
        """A batch is worth what it holds; its first item was spent when it was let in."""
        if self.access is not None and caller is not None and caller.limits and method in _ITEMS:
            self.access.limiter.charge(caller, len(getattr(request, _ITEMS[method])) - 1)

    def record(
        self, method: str, context: grpc.ServicerContext, caller: Caller | None, outcome: str, reason: str
    ) -> None:
        """Add the call to the audit log if it belongs there; its request id is bound to the log already."""
        if scope_of(method) is Scope.SEARCH:
            return
        bound = structlog.contextvars.get_contextvars()
        self.audit.write(
            AuditEntry(
                caller=_certified(context) if caller is None else caller.name,
                key_id="" if caller is None else caller.key_id,
                method=method_name(method),
                request_id=bound["request_id"],
                peer=context.peer(),
                outcome=outcome,
                reason=reason,
                generation=bound.get("generation", ""),
                collection=bound.get("collection", ""),
            )
        )


def _certified(context: grpc.ServicerContext) -> str:
    """The common name of the certificate that the caller showed; empty without one."""
    names: Any = context.auth_context().get("x509_common_name", ())  # its stubs say bytes, it gives several
    return b" ".join(names).decode(errors="replace")
