"""Reads from where the change log is to be followed, and writes its pages."""

from __future__ import annotations

from cartograph.v1 import catalog_service_pb2
from engine.change_feed import ChangePage, FollowedChange, LogPosition
from engine.errors import InvalidArgumentError
from engine.rpc.convert.bounds import text
from engine.rpc.convert.generations import timestamp
from engine.rpc.convert.products import View, product

MAX_LOG_ID = 128


def position(message: catalog_service_pb2.WatchChangesRequest) -> LogPosition:
    if message.after_sequence < 0:
        raise InvalidArgumentError(
            "after_sequence", f"after_sequence is {message.after_sequence}; it must not be negative."
        )
    return LogPosition(text("log_id", message.log_id, most=MAX_LOG_ID), message.after_sequence)


def page(value: ChangePage, *, embeddings: bool) -> catalog_service_pb2.WatchChangesResponse:
    return catalog_service_pb2.WatchChangesResponse(
        changes=[_change(each, embeddings=embeddings) for each in value.changes],
        log_id=value.log_id,
        last_sequence=value.last_sequence,
    )


def _change(value: FollowedChange, *, embeddings: bool) -> catalog_service_pb2.ProductChange:
    message = catalog_service_pb2.ProductChange(
        sequence=value.sequence,
        commit_time=timestamp(value.time),
        product_id=value.product_id,
        deleted=value.product is None,
        product=None if value.product is None else product(value.product, View.FULL),
    )
    if embeddings and value.embedding is not None:
        message.embedding.extend(value.embedding.tolist())
        message.encoder_fingerprint = value.encoder
    return message
