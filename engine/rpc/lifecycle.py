"""Starting, serving, draining: which engines answer, and what health says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from grpc_health.v1.health import OVERALL_HEALTH, HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse

from engine.errors import NotServingError
from engine.rpc.engine_api import SearchEngine


class Phase(StrEnum):
    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


class Lifecycle:
    """Goes from starting to serving to draining, never back. Health is SERVING only in between."""

    def __init__(self, services: Sequence[str]) -> None:
        """`services` are full names ("cartograph.v1.SearchService")."""
        self.health = HealthServicer()
        self._services = (OVERALL_HEALTH, *services)
        self._phase = Phase.STARTING
        self._engines: Mapping[str, SearchEngine] = {}
        self._set_health(HealthCheckResponse.NOT_SERVING)

    @property
    def phase(self) -> Phase:
        return self._phase

    def serve(self, engines: Mapping[str, SearchEngine]) -> None:
        """By collection, all that there are."""
        self._engines = engines
        if self._phase is Phase.STARTING:
            self._phase = Phase.SERVING
            self._set_health(HealthCheckResponse.SERVING)

    def announce_drain(self) -> None:
        """Health turns NOT_SERVING; calls are still taken, from balancers that have not noticed yet."""
        self.health.enter_graceful_shutdown()

    def refuse_calls(self) -> None:
        self._phase = Phase.DRAINING

    def refusal(self) -> NotServingError | None:
        """Why a new call cannot be taken now."""
        if self._phase is Phase.SERVING:
            return None
        advice = "try again in a moment" if self._phase is Phase.STARTING else "ask another server"
        return NotServingError(f"This server is {self._phase}; {advice}.", phase=self._phase)

    def engine(self, collection: str) -> SearchEngine:
        """Raises NotServingError while it is being loaded."""
        engine = self._engines.get(collection)
        if engine is None:
            raise NotServingError("This server is starting; try again in a moment.", phase=self._phase)
        return engine

    def _set_health(self, status: HealthCheckResponse.ServingStatus) -> None:
        for service in self._services:
            self.health.set(service, status)
