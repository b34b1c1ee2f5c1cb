"""GenerationService."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence

import grpc
import structlog
from structlog.contextvars import bind_contextvars

import engine as engine_package
from cartograph.v1 import generation_service_pb2, generation_service_pb2_grpc
from engine.errors import InvalidArgumentError
from engine.rpc.convert import generations, requests
from engine.rpc.engine_api import SearchEngine
from engine.types import GenerationInfo

_log = structlog.get_logger()


class GenerationServicer(generation_service_pb2_grpc.GenerationServiceServicer):
    def __init__(self, engine: Callable[[], SearchEngine], inflight: Callable[[], int]) -> None:
        """Of the collection that a call is for: `engine` raises NotServingError while there is none;
        `inflight` counts calls being answered.
        """
        self._engine = engine
        self._inflight = inflight

    def ListGenerations(  # noqa: N802 (the contract's name)
        self,
        request: generation_service_pb2.ListGenerationsRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> generation_service_pb2.ListGenerationsResponse:
        limit, token = requests.generation_page(request)
        page, next_token = cut_page(self._engine().generations(), limit, token)
        return generation_service_pb2.ListGenerationsResponse(
            generations=[generations.generation(info) for info in page], next_page_token=next_token
        )

    def ActivateGeneration(  # noqa: N802 (the contract's name)
        self,
        request: generation_service_pb2.ActivateGenerationRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> generation_service_pb2.ActivateGenerationResponse:
        generation_id, force = requests.activation(request)
        info = self._engine().activate(generation_id, force=force)
        _log.info("generation activated", generation=info.id, forced=force)
        bind_contextvars(generation=info.id)
        return generation_service_pb2.ActivateGenerationResponse(generation=generations.generation(info))

    def RollBackGeneration(  # noqa: N802 (the contract's name)
        self,
        request: generation_service_pb2.RollBackGenerationRequest,  # noqa: ARG002 (it has no fields)
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> generation_service_pb2.RollBackGenerationResponse:
        info = self._engine().roll_back()
        _log.info("generation rolled back", generation=info.id)
        bind_contextvars(generation=info.id)
        return generation_service_pb2.RollBackGenerationResponse(generation=generations.generation(info))

    def GetServingStatus(  # noqa: N802 (the contract's name)
        self,
        request: generation_service_pb2.GetServingStatusRequest,  # noqa: ARG002 (it has no fields)
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> generation_service_pb2.GetServingStatusResponse:
        status = self._engine().status()
        bind_contextvars(generation=status.generation.id)
        return generations.serving_status(
            status, inflight=self._inflight(), engine_version=engine_package.__version__
        )


def cut_page(infos: Sequence[GenerationInfo], limit: int, token: str) -> tuple[Sequence[GenerationInfo], str]:
    """The page after the token, and the next token.

    A token names the last generation of its page, so that one published meanwhile shifts nothing.
    Raises InvalidArgumentError for a token that names none.
    """
    start = 0
    if token:
        last = _decoded(token)
        places = [place for place, info in enumerate(infos) if info.id == last]
        if not places:
            raise InvalidArgumentError(
                "page_token", "The page token is not one that this server made; ask for the first page."
            )
        start = places[0] + 1
    page = infos[start : start + limit]
    more = start + limit < len(infos)
    return page, base64.urlsafe_b64encode(page[-1].id.encode()).decode() if more else ""


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        return ""
