"""A real server on a real socket, with stubs for all of its services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from engine.collection import ONLY
from engine.rpc.engine_api import SearchEngine
from engine.rpc.security import Security
from engine.rpc.server import Server
from engine.rpc.tracing import Tracer
from tests.stubs import Stubs

WAIT = 10.0
"""Seconds that a test waits for what must happen: far more than it takes."""


@dataclass(frozen=True)
class Running(Stubs):
    server: Server
    channel: grpc.Channel

    def send_bytes(self, method: str, message: bytes) -> bytes:
        """Call "Service/Method" with bytes that may be anything."""
        call = self.channel.unary_unary(
            f"/cartograph.v1.{method}", request_serializer=bytes, response_deserializer=bytes
        )
        answer: bytes = call(message, timeout=WAIT)
        return answer

    def health(self, service: str = "") -> str:
        stub = health_pb2_grpc.HealthStub(self.channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=WAIT)
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def channel_to(address: str, credentials: grpc.ChannelCredentials | None = None) -> grpc.Channel:
    """With a connection of its own: channels to one address would share theirs."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    if credentials is None:
        return grpc.insecure_channel(address, options=own)
    return grpc.secure_channel(address, credentials, options=own)


@contextmanager
def running(
    engine: SearchEngine | Mapping[str, SearchEngine] | None,
    *,
    workers: int = 4,
    max_inflight: int = 8,
    followers: int = 8,
    port: int = 0,
    security: Security | None = None,
    tracer: Tracer | None = None,
    credentials: grpc.ChannelCredentials | None = None,
) -> Iterator[Running]:
    """Without an engine the server stays in its starting phase; several are by collection. `credentials` make
    an encrypted channel.
    """
    engines = engine if isinstance(engine, Mapping) else {} if engine is None else {ONLY: engine}
    server = Server(
        host="127.0.0.1",
        port=port,
        workers=workers,
        max_inflight=max_inflight,
        followers=followers,
        collections=tuple(engines) or (ONLY,),
        security=security,
        tracer=tracer,
    )
    server.start()
    if engines:
        server.serve(engines)
    try:
        with channel_to(f"127.0.0.1:{server.port}", credentials) as channel:
            yield Running(server, channel)
    finally:
        server.drain(grace=0, timeout=WAIT)


@dataclass(frozen=True)
class Refusal:
    """What a client sees of an error; building one checks that there is exactly one ErrorInfo."""

    code: grpc.StatusCode
    message: str
    info: error_details_pb2.ErrorInfo
    violations: Sequence[error_details_pb2.BadRequest.FieldViolation]
    request_id: str
    retry_after: float | None

    @classmethod
    def of(cls, error: grpc.RpcError) -> Refusal:
        assert isinstance(error, grpc.Call)
        status: Status = rpc_status.from_call(error)
        assert status is not None, f"{error.code()} {error.details()} has no details"
        infos, violations = [], []
        retry_after = None
        for detail in status.details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                infos.append(error_details_pb2.ErrorInfo.FromString(detail.value))
            elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
                delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
                retry_after = delay.ToMilliseconds() / 1_000
            else:
                violations += error_details_pb2.BadRequest.FromString(detail.value).field_violations
        assert len(infos) == 1
        trailing = {key: value for key, value in error.trailing_metadata() or () if isinstance(value, str)}
        return cls(error.code(), error.details(), infos[0], violations, trailing["x-request-id"], retry_after)
