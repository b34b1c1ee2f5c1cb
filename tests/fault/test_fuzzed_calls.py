"""Whatever bytes a call holds: an answer, or an error of ours with its reason; never a bug, never a leak.

A few thousand inputs here; CARTOGRAPH_FAULT_INPUTS says how many instead (the long form has 10,000,000), and
CARTOGRAPH_FAULT_SEED with which they begin. Seeds rather than hypothesis: many more inputs a second, and the
seed of a failure is all that is needed to repeat it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest

from engine.bootstrap import open_engine
from engine.config import ServeSettings
from engine.errors import EngineError
from engine.generation import DataFolder
from engine.serving import ServingEngine
from engine.stages.filtering import Columns, parse_filter
from tests.fault.guarded_calls import UNTYPED, GuardedCalls, methods, reason_of
from tests.fault.random_requests import Known, RandomRequests
from tests.fault.random_texts import filter_text, odd_text
from tests.fault.report import Report
from tests.fault.resources import resident_mib
from tests.quiet_logs import logs_as_they_were
from tests.rpc.running import WAIT, Refusal, Running, running
from tests.shelf import SHELF, columns_of
from tests.small_shop import active_generation, link_generation

__all__ = ["logs_as_they_were"]

INPUTS = int(os.environ.get("CARTOGRAPH_FAULT_INPUTS", "2700"))
SEED = int(os.environ.get("CARTOGRAPH_FAULT_SEED", "0"))
METHODS = methods()
OVER_THE_SOCKET = INPUTS // 10
NEVER_ANSWERED = ("ActivateGeneration", "RollBackGeneration")
"""There is one generation, and none before it; all others answer a share of the inputs."""
FILTER_REASONS = ("FILTER_SYNTAX", "INVALID_ARGUMENT", "UNKNOWN_FIELD")
WARM_UP, MOST_GROWTH_MIB = 5_000, 64.0
"""Inputs of a method after which what is kept (live products, cached answers, what the encoder's allocator
holds) is all there: millions more may take no more than this.
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[ServingEngine]:
    data = tmp_path_factory.mktemp("fuzzed") / "data"
    DataFolder(data).activate(link_generation(active_generation(small_data), data).id)
    opened = open_engine(
        data,
        ServeSettings(
            data=data, threads=1, live_products=100, cached_results=50, cached_embeddings=50, verify=False
        ),
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def known(engine: ServingEngine) -> Known:
    """What the small shop has, for the fields that ask for it."""
    linked = engine.link_entities("black ink cartridge for printnova 2540")
    entities = [link.entity for link in linked.links]
    names = ["black", "ink cartridge", "printer", *(each.label for each in entities)]
    return {
        "id": ["OFF-0001", "OFF-0002", "NEW-1", "NEW-2", "NEW 3"],
        "product_id": ["OFF-0001", "OFF-0004", "OFF-9999"],
        "product_ids": ["OFF-0003", "OFF-0004", "NEW-1"],
        "query": ["black ink", "printer", "blakc ink for printnova", "usb cable 2 m", "墨盒"],
        "text": names,
        "prefix": ["b", "black"],
        "title": ["Widget", "Black ink cartridge"],
        "name": names,
        "entity_id": [each.iri for each in entities] + ["urn:cartograph:product:OFF-0001"],
        "event_id": ["e-1", "e-2", "e-3"],
        "shopper_id": ["shopper-1", "shopper-2"],
        "kind": ["", "color", "product_type", "brand"],
        "paths": ["price", "title", "attributes", "attributes.color", "*", "release_time", "id"],
        "facet_keys": ["brand", "category", "price", "attributes.color", "date_released"],
        "currency_code": ["EUR", "USD", "eur"],
        "request_id": ["r-1", "r-2", ""],
        "log_id": [""],
        "key": ["color", "pages", "max speed"],
        "QueryGraphRequest.query": [
            "ASK {}",
            "SELECT * { ?s ?p ?o } LIMIT 3",
            "CONSTRUCT WHERE { ?s ?p ?o }",
            "SELECT (1/0 AS ?x) {}",
            "DELETE WHERE { ?s ?p ?o }",
            "SELECT * { SERVICE <http://x> { ?s ?p ?o } }",
        ],
    }  # fmt: skip


@pytest.fixture
def calls(engine: ServingEngine) -> GuardedCalls:
    return GuardedCalls(engine)


@contextmanager
def noting(seed: str) -> Iterator[None]:
    """Whatever fails in the block tells of which input."""
    try:
        yield
    except Exception as error:
        error.add_note(f"of the input {seed}")
        raise


def inputs(method: str, count: int, known: Known) -> Iterator[tuple[str, bytes]]:
    """Each with the seed that it is made of."""
    for number in range(SEED, SEED + count):
        seed = f"{method} {number}"
        yield seed, RandomRequests(Random(seed), known, 384).make(METHODS[method].input_type)


def test_every_method_of_the_contract_is_called(calls: GuardedCalls) -> None:
    assert calls.handlers.keys() == METHODS.keys()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.rpartition("/")[2])
def test_any_bytes_are_answered_or_refused_by_reason(
    calls: GuardedCalls, known: Known, method: str, report: Report
) -> None:
    count, before, reasons = -(-INPUTS // len(METHODS)), 0.0, Counter[str]()
    for number, (seed, message) in enumerate(inputs(method, count, known)):
        status = calls.send(method, message)
        if status is not None and status.code in UNTYPED:
            with noting(seed):
                calls.send_unguarded(method, message)  # raises what is the matter
            pytest.fail(f"{seed}: {status.details}, and not when it is sent again")
        reasons["" if status is None else reason_of(status)] += 1
        if number == WARM_UP:
            before = resident_mib()
    grown = resident_mib() - before if count > WARM_UP else 0.0
    report(tried=count, lost=0, answered=reasons[""], leaked_mib=round(max(0.0, grown), 1))
    assert grown < MOST_GROWTH_MIB
    assert reasons[""] > 0 or METHODS[method].name in NEVER_ANSWERED
    assert len(reasons) > 1


def test_any_filter_is_read_and_evaluated_or_refused_at_a_place(report: Report) -> None:
    columns, read = columns_of(SHELF), 0
    for number in range(SEED, SEED + INPUTS):
        random = Random(number)
        text = odd_text(random) if random.random() < 0.1 else filter_text(random)
        with noting(f"filter {number}: {text!r}"):
            read += is_read(text, columns)
    report(tried=INPUTS, lost=0, answered=read)
    assert read > INPUTS // 20


def is_read(text: str, columns: Columns) -> bool:
    try:
        mask = parse_filter(text, columns).mask(columns)
    except EngineError as error:
        assert error.reason in FILTER_REASONS  # noqa: PT017  (others are told by it as well)
        assert 0 <= int(error.metadata.get("position", "0")) <= len(text)  # noqa: PT017
        return False
    assert mask.shape == (len(columns),)
    return True


def test_any_bytes_over_a_socket_leave_a_server_that_answers(
    engine: ServingEngine, known: Known, report: Report
) -> None:
    with running(engine, workers=2, max_inflight=64) as server:
        for method in METHODS:
            for seed, message in inputs(method, -(-OVER_THE_SOCKET // len(METHODS)), known):
                refusal = refused(server, method, message)
                assert refusal is None or refusal.code not in UNTYPED, seed
        assert server.health() == "SERVING"
    report(tried=OVER_THE_SOCKET, lost=0)


def refused(server: Running, method: str, message: bytes) -> Refusal | None:
    streams = METHODS[method].server_streaming
    call: Any = (server.channel.unary_stream if streams else server.channel.unary_unary)(
        method, request_serializer=bytes, response_deserializer=bytes
    )
    try:
        if streams:
            responses = call(message, timeout=WAIT)
            next(responses)
            responses.cancel()
        else:
            call(message, timeout=WAIT)
    except grpc.RpcError as error:
        return Refusal.of(error)
    return None
