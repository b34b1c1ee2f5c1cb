"""`python -m engine search`: one search, as a shop's backend would send it."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
from google.protobuf import json_format
from grpc_status import rpc_status
from rich.console import Console

from cartograph.v1 import search_service_pb2, search_service_pb2_grpc
from engine.commands.connecting import channel_to, sent_with
from engine.commands.search_table import show
from engine.config import SearchSettings, ServeSettings
from engine.deadline import Deadline
from engine.errors import EngineError, ErrorCode, InvalidArgumentError
from engine.logs import configure_logs
from engine.rpc.convert import requests, results


class RefusedError(EngineError):
    """A server's answer to a call that it could not or would not answer, or none at all."""

    code = ErrorCode.UNAVAILABLE
    reason = "REFUSED"


def search(query: str, settings: SearchSettings, console: Console) -> int:
    """Prints a table, or one JSON object; the exit status. Raises EngineError."""
    configure_logs("warning", "auto", sys.stderr)
    request = request_of(query, settings)
    response = (
        _in_process(request, settings, settings.data) if settings.data else _ask_server(request, settings)
    )
    if settings.json_output:
        console.out(
            json_format.MessageToJson(
                response,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
                ensure_ascii=False,
            ),
            highlight=False,
        )
    else:
        show(response, console, explain=settings.explain)
    return 0


def request_of(query: str, settings: SearchSettings) -> search_service_pb2.SearchProductsRequest:
    try:
        request = search_service_pb2.SearchProductsRequest(
            query=query,
            page_size=settings.page_size,
            page_token=settings.page_token,
            filter=settings.filter,
            facet_keys=settings.facet,
            order_by=settings.order_by,
            explain=settings.explain,
        )
    except ValueError:  # a terminal hands over bytes that are no text as lone surrogates
        raise InvalidArgumentError("query", "The words given are not valid UTF-8 text.") from None
    if not settings.rerank:
        request.rerank_spec.mode = search_service_pb2.RerankSpec.MODE_DISABLED
    return request


def _ask_server(
    request: search_service_pb2.SearchProductsRequest, settings: SearchSettings
) -> search_service_pb2.SearchProductsResponse:
    metadata = sent_with(settings)
    with channel_to(settings) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        try:
            response: search_service_pb2.SearchProductsResponse = stub.SearchProducts(
                request, timeout=settings.timeout, metadata=metadata
            )
        except grpc.RpcError as error:
            raise RefusedError(_sentence(error, settings)) from None
    return response


def _in_process(
    request: search_service_pb2.SearchProductsRequest, settings: SearchSettings, data: Path
) -> search_service_pb2.SearchProductsResponse:
    from engine.bootstrap import open_engine

    asked = requests.search(request)
    serving = ServeSettings(
        data=data,
        device=settings.device,
        threads=settings.threads,
        verify=settings.verify,
        slow_search_ms=0,
    )
    engine = open_engine(data, serving)
    try:
        result = engine.search(asked.request, Deadline.after(settings.timeout))
    finally:
        engine.close()
    return results.response(result, asked.view)


def _sentence(error: grpc.RpcError, settings: SearchSettings) -> str:
    """The server's own where it gave details; else what the connection says."""
    if not isinstance(error, grpc.Call):
        return str(error)
    if rpc_status.from_call(error) is not None:
        return error.details()
    if error.code() is grpc.StatusCode.UNAVAILABLE and "handshake" in error.details():
        return (
            f"{settings.target} and this command cannot agree on TLS: check --tls-ca, and whether the server "
            "asks for a certificate (--client-cert, --client-key)."
        )
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return f"No server answers at {settings.target}: start one with `serve`, or name another --target."
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"{settings.target} did not answer within {settings.timeout:g} seconds; raise --timeout."
    return f"{settings.target} answered {error.code().name}: {error.details()}"
