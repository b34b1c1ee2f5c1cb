"""EventService over a real socket: what is told is taken, who may tell it, and what no log holds."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from prometheus_client import generate_latest

from cartograph.v1 import event_service_pb2 as event
from engine.security.scopes import Scope
from engine.security.secret import NewKey
from engine.shopper_events import EventType, ShopperEvent
from tests.event_samples import event_book
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.fake_events import FakeEvents
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.rpc.test_access import audited, record, refused, security_of, with_key

SHOPPER = "anna.secret@shop.example"
TELLER, OPERATOR = NewKey.make(), NewKey.make()
RECORDS = (
    record(TELLER, "teller", Scope.RECORD, calls_per_day=5),
    record(OPERATOR, "operator", Scope.ADMIN),
)


def clicks(*numbers: int) -> event.RecordEventsRequest:
    return event.RecordEventsRequest(
        events=[
            {"event_id": f"e{number}", "type": "EVENT_TYPE_CLICK", "shopper_id": SHOPPER, "product_id": "c-1"}
            for number in numbers
        ]
    )


@pytest.fixture
def events() -> FakeEvents:
    return FakeEvents(backups=["/nowhere/backup"])


@pytest.fixture
def server(events: FakeEvents, log: io.StringIO) -> Iterator[Running]:
    with running(FakeEngine(events=events)) as started:
        yield started


def test_events_arrive_whole_and_each_has_its_outcome(server: Running, events: FakeEvents) -> None:
    sent = {
        "event_id": "e1",
        "type": "EVENT_TYPE_PURCHASE",
        "shopper_id": "anna",
        "session_id": "v1",
        "order_id": "o1",
        "search_id": "s1",
        "product_id": "c-1",
        "query": "ink",
        "position": 2,
        "quantity": 3,
        "event_time": {"seconds": 1_700_000_000, "nanos": 5_000},
    }
    request = event.RecordEventsRequest(events=[sent, {"event_id": "e2"}, sent])

    answer = server.events.RecordEvents(request, timeout=WAIT)

    assert [(each.event_id, each.repeated_event, each.reason, each.field) for each in answer.outcomes] == [
        ("e1", False, "", ""),
        ("e2", False, "INVALID_ARGUMENT", "product_id"),
        ("e1", True, "", ""),
    ]
    assert events.kept == {
        "e1": ShopperEvent(
            *("e1", EventType.PURCHASE, "anna", "v1", "o1", "s1", "c-1", "ink"),
            position=2,
            quantity=3,
            time=1_700_000_000_000_005,
        )
    }


def test_who_is_forgotten_is_counted_and_what_is_left_is_named(server: Running) -> None:
    server.events.RecordEvents(clicks(1, 2), timeout=WAIT)

    answer = server.events.ForgetShopper(event.ForgetShopperRequest(shopper_id=SHOPPER), timeout=WAIT)

    assert (answer.erased_event_count, list(answer.generation_ids)) == (2, ["g-old"])
    (backup,) = answer.backups
    assert (backup.place, backup.event_count, backup.present) == ("/nowhere/backup", 2, False)
    assert backup.create_time.ToJsonString() == "2026-03-04T05:06:07Z"


def test_what_is_recorded_refused_and_erased_is_counted(server: Running) -> None:
    server.events.RecordEvents(clicks(1, 2, 2), timeout=WAIT)
    server.events.RecordEvents(event.RecordEventsRequest(events=[{"event_id": "e3"}]), timeout=WAIT)
    server.events.ForgetShopper(event.ForgetShopperRequest(shopper_id=SHOPPER), timeout=WAIT)
    server.server.metrics.events_expired(7)

    page = generate_latest(server.server.metrics.registry).decode()

    assert 'cartograph_events_total{collection=""} 2.0' in page
    assert 'cartograph_events_refused_total{collection="",reason="INVALID_ARGUMENT"} 1.0' in page
    assert 'cartograph_events_erased_total{cause="forgotten",collection=""} 2.0' in page
    assert 'cartograph_events_erased_total{cause="expired",collection=""} 7.0' in page


def test_telling_and_forgetting_need_scopes_of_their_own_and_are_audited(tmp_path: Path) -> None:
    forget = event.ForgetShopperRequest(shopper_id=SHOPPER)
    with running(FakeEngine(), security=security_of(RECORDS, tmp_path)) as server:
        server.events.RecordEvents(clicks(1, 2, 3), timeout=WAIT, metadata=with_key(TELLER))
        server.events.ForgetShopper(forget, timeout=WAIT, metadata=with_key(OPERATOR))
        assert (
            refused(server.events.ForgetShopper, forget, with_key(TELLER)).info.metadata["scope"] == "admin"
        )
        assert (
            refused(server.events.RecordEvents, clicks(1), with_key(OPERATOR)).info.metadata["scope"]
            == "record"
        )

        server.events.RecordEvents(clicks(4), timeout=WAIT, metadata=with_key(TELLER))
        server.events.RecordEvents(clicks(5), timeout=WAIT, metadata=with_key(TELLER))
        over = refused(server.events.RecordEvents, clicks(6), with_key(TELLER))

    assert over.info.reason == "QUOTA"  # three events, and two, of five
    assert [(line["caller"], line["method"], line["outcome"]) for line in audited(tmp_path)][:4] == [
        ("teller", "RecordEvents", "OK"),
        ("operator", "ForgetShopper", "OK"),
        ("teller", "ForgetShopper", "PERMISSION_DENIED"),
        ("operator", "RecordEvents", "PERMISSION_DENIED"),
    ]


def test_no_log_at_any_level_and_no_file_holds_a_shoppers_id(
    tmp_path: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not of what is taken, nor of what is refused as a whole or one by one."""
    book = event_book(tmp_path / "data")
    long = event.ForgetShopperRequest(shopper_id=SHOPPER * 20)
    wrong = clicks(1)
    wrong.events[0].type = event.EVENT_TYPE_UNSPECIFIED
    with running(FakeEngine(events=book), security=security_of(RECORDS, tmp_path)) as server:
        server.events.RecordEvents(clicks(1), timeout=WAIT, metadata=with_key(TELLER))
        server.events.RecordEvents(wrong, timeout=WAIT, metadata=with_key(TELLER))
        refused(server.events.ForgetShopper, long, with_key(OPERATOR))
        server.events.ForgetShopper(
            event.ForgetShopperRequest(shopper_id=SHOPPER), timeout=WAIT, metadata=with_key(OPERATOR)
        )
    book.close()

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    calls = [line for line in lines if line["event"] == "call"]
    assert [(line["method"], line.get("events"), line.get("refused")) for line in calls] == [
        ("RecordEvents", 1, 0),
        ("RecordEvents", 0, 1),
        ("ForgetShopper", None, None),
        ("ForgetShopper", 1, None),
    ]
    written = [log.getvalue(), (tmp_path / "audit.jsonl").read_text(), *capfd.readouterr()]
    files = [path.read_bytes() for path in (tmp_path / "data" / "live").iterdir()]
    assert not any("secret" in text for text in written)
    assert not any(b"secret" in content for content in files)


def test_a_batch_that_is_too_large_is_refused_as_a_whole(server: Running, events: FakeEvents) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        server.events.RecordEvents(clicks(*range(1_001)), timeout=WAIT)

    assert Refusal.of(raised.value).info.metadata["field"] == "events"
    assert events.kept == {}
