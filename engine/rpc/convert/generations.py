"""Writes generations."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from cartograph.v1 import generation_service_pb2
from engine.types import GenerationInfo, ServingStatus


def generation(value: GenerationInfo) -> generation_service_pb2.Generation:
    return generation_service_pb2.Generation(
        id=value.id,
        create_time=timestamp(value.created),
        active=value.active,
        product_count=value.product_count,
        past_query_count=value.past_query_count,
        statement_count=value.statement_count,
        dimension=value.dimension,
        measured_recall=value.measured_recall,
        evaluation=value.evaluation,
        live_sequence=value.live_sequence,
    )


def serving_status(
    value: ServingStatus, *, inflight: int, engine_version: str
) -> generation_service_pb2.GetServingStatusResponse:
    return generation_service_pb2.GetServingStatusResponse(
        generation=generation(value.generation),
        serving_since_time=timestamp(value.since),
        device=value.device,
        inflight_count=inflight,
        engine_version=engine_version,
    )


def timestamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message
