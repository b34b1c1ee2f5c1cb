"""From where the change log is followed, and what is sent of it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from cartograph.v1 import catalog_service_pb2 as catalog
from engine.change_feed import ChangePage, FollowedChange, LogPosition
from engine.errors import InvalidArgumentError
from engine.rpc.convert import products, watching
from tests.rpc.fake_engine import CARTRIDGE

TIME = datetime(2026, 3, 1, 8, 30, 0, 250_000, tzinfo=UTC)


def test_a_position_is_the_sequence_and_the_log_that_it_is_of() -> None:
    request = catalog.WatchChangesRequest(after_sequence=7, log_id="log-1")

    assert watching.position(request) == LogPosition("log-1", 7)
    assert watching.position(catalog.WatchChangesRequest()) == LogPosition()


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (catalog.WatchChangesRequest(after_sequence=-1), "after_sequence"),
        (catalog.WatchChangesRequest(log_id="x" * 129), "log_id"),
    ],
)
def test_what_is_no_position_is_refused(request_: catalog.WatchChangesRequest, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        watching.position(request_)

    assert raised.value.field == field


def test_a_page_is_written_whole_with_embeddings_where_there_are_some() -> None:
    embedding = np.array([0.6, -0.8], np.float32)
    page = ChangePage(
        "log-1",
        [
            FollowedChange(8, TIME, "c-1", CARTRIDGE, embedding, "encoder"),
            FollowedChange(9, TIME, "c-1", CARTRIDGE),
            FollowedChange(10, TIME, "c-1", None),
        ],
        12,
    )

    message = watching.page(page, embeddings=True)

    assert (message.log_id, message.last_sequence) == ("log-1", 12)
    assert [each.sequence for each in message.changes] == [8, 9, 10]
    assert {each.commit_time.ToDatetime(UTC) for each in message.changes} == {TIME}
    assert message.changes[0].product == products.product(CARTRIDGE, products.View.FULL)
    assert list(message.changes[0].embedding) == embedding.tolist()
    assert [each.encoder_fingerprint for each in message.changes] == ["encoder", "", ""]
    assert [each.deleted for each in message.changes] == [False, False, True]
    assert [each.HasField("product") for each in message.changes] == [True, True, False]
    assert not watching.page(page, embeddings=False).changes[0].embedding
