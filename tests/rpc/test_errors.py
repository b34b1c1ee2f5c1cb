"""Every error class reaches the caller as its code with its details, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

import engine.errors as errors
from cartograph.v1 import search_service_pb2 as search
from engine.deadline import Deadline
from engine.errors import EngineError, InvalidArgumentError
from engine.request import SearchRequest
from engine.rpc.status import STATUS_OF
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import WAIT, Refusal, Running, running

EXAMPLES: list[EngineError] = [
    errors.EngineError("It failed."),
    errors.InvalidArgumentError("query", "query is empty.", length=0),
    errors.FilterSyntaxError('brand = = "HP"', 8, "a value is missing"),
    errors.QuerySyntaxError(2, 17, "expected one of LATERAL, SERVICE"),
    errors.UnknownFieldError("filter", "colour", ("color",)),
    errors.NotFoundError("generation", "g-9", "ListGenerations names those there are."),
    errors.FailedPreconditionError("Not now."),
    errors.StalePageTokenError("g-1", "g-2"),
    errors.DimensionMismatchError(encoder_dim=384, index_dim=256),
    errors.EncoderMismatchError(encoder="3f9c", index_encoder="a07b"),
    errors.DamagedGenerationError(Path("g-1/vectors/index"), "is cut short"),
    errors.DamagedChangeLogError(Path("live/changes.sqlite3"), "is cut short"),
    errors.DamagedBackupError(Path("backup/backup.json"), "is cut short"),
    errors.DamagedEventsError(Path("live/events.sqlite3"), "is cut short"),
    errors.CompactedError(sequence=3, compacted=7),
    errors.AnotherLogError("a1", "b2"),
    errors.ForgottenChangesError(held=3, forgotten=7),
    errors.RelevanceGateError("g-2", "has ndcg@10 0.4", ratio=0.9),
    errors.LockHeldError(Path("live/.lock")),
    errors.OverloadedError("Full."),
    errors.StorageFullError(Path("live/changes.sqlite3"), "found no space on the disk"),
    errors.StorageError(Path("live/changes.sqlite3"), "is on a disk that can only be read"),
    errors.UnauthenticatedError("Who calls?"),
    errors.MissingCredentialsError(),
    errors.InvalidCredentialsError(),
    errors.ExpiredCredentialsError(),
    errors.PermissionDeniedError("admin"),
    errors.CollectionDeniedError(),
    errors.MissingCollectionError(),
    errors.RateLimitError(2.5, retry_after=0.4),
    errors.QuotaError(1_000, retry_after=3_600.0),
    errors.QueryLimitError("rows", "The answer has more than 10 rows.", rows=10),
    errors.NotServingError("Draining."),
    errors.QueryEndedError(-9),
    errors.DeadlineExceededError("Too late."),
    errors.CancelledError("Gone."),
    errors.DataError(Path("a.jsonl"), "no title", line=7),
    errors.ConfigError("No such folder."),
]


class Raising:
    """Raises what the test says, as the engine."""

    def __init__(self) -> None:
        self.error: Exception = RuntimeError("unset")

    def __call__(self, _request: SearchRequest, _deadline: Deadline) -> None:
        raise self.error


@pytest.fixture(scope="module")
def raising() -> Raising:
    return Raising()


@pytest.fixture(scope="module")
def server(raising: Raising) -> Iterator[Running]:
    with running(FakeEngine(before=raising)) as started:
        yield started


def refusal_of(server: Running, request: search.SearchProductsRequest) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        server.search.SearchProducts(request, timeout=WAIT)
    return Refusal.of(raised.value)


def test_every_error_class_is_among_the_examples() -> None:
    classes = {
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, EngineError)
    }

    assert {type(error) for error in EXAMPLES} == classes


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_arrives_with_code_sentence_reason_and_metadata(
    server: Running, raising: Raising, error: EngineError
) -> None:
    raising.error = error

    refusal = refusal_of(server, search.SearchProductsRequest(query="chair"))

    assert refusal.code is STATUS_OF[error.code]
    assert refusal.message == error.message
    assert (refusal.info.reason, refusal.info.domain) == (error.reason, "cartograph")
    assert dict(refusal.info.metadata) == error.metadata
    expected = [(error.field, error.message)] if isinstance(error, InvalidArgumentError) else []
    assert [(v.field, v.description) for v in refusal.violations] == expected


def test_a_bug_gives_a_fixed_text_and_the_request_id_and_leaks_nothing(
    server: Running, raising: Raising, capfd: pytest.CaptureFixture[str]
) -> None:
    raising.error = ZeroDivisionError("secret of row 17")

    with pytest.raises(grpc.RpcError) as raised:
        server.search.SearchProducts(
            search.SearchProductsRequest(query="chair"), timeout=WAIT, metadata=(("x-request-id", "r-1"),)
        )

    refusal = Refusal.of(raised.value)
    assert refusal.code is grpc.StatusCode.INTERNAL
    assert refusal.message == "The engine failed on this call; its log says why under the request id r-1."
    assert dict(refusal.info.metadata) == {"request_id": "r-1"}
    assert "secret" not in str(raised.value)
    logged = capfd.readouterr().out
    assert "ZeroDivisionError" in logged
    assert "secret of row 17" in logged
    assert "r-1" in logged


def test_an_error_about_4000_chinese_characters_still_fits_into_headers(
    server: Running, raising: Raising
) -> None:
    raising.error = errors.FilterSyntaxError("墨" * 4_000, 3_999, "a quote is not closed")

    refusal = refusal_of(server, search.SearchProductsRequest(query="chair"))

    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.message.startswith("The filter does not parse at character 3999")
    assert refusal.info.metadata["position"] == "3999"
    assert refusal.info.metadata["filter"].endswith("…")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (search.SearchProductsRequest(query="x", page_size=-1), "page_size"),
        (search.SearchProductsRequest(query="x", facet_keys=["brand"] * 21), "facet_keys"),
        (
            search.SearchProductsRequest(query="x", rerank_spec=search.RerankSpec(depth=-5)),
            "rerank_spec.depth",
        ),
    ],
)
def test_wrong_fields_are_named(server: Running, request_: search.SearchProductsRequest, field: str) -> None:
    refusal = refusal_of(server, request_)

    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in refusal.violations] == [field]
    assert refusal.info.metadata["field"] == field


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (search.SearchProductsRequest(query="x", page_size=-1), "requests[3].page_size"),
        (search.SearchProductsRequest(query="x", filter="("), "requests[3].filter"),
    ],
    ids=["found by the conversion", "found by the engine"],
)
def test_a_wrong_request_in_a_batch_is_named_by_its_place(
    wrong: search.SearchProductsRequest, field: str
) -> None:
    requests = [*(search.SearchProductsRequest(query="x") for _ in range(3)), wrong]

    with running(FakeEngine()) as server, pytest.raises(grpc.RpcError) as raised:
        server.search.BatchSearchProducts(search.BatchSearchProductsRequest(requests=requests), timeout=WAIT)

    refusal = Refusal.of(raised.value)
    assert [violation.field for violation in refusal.violations] == [field]
    assert refusal.info.metadata["field"] == field


def test_bytes_that_are_no_request_are_refused_by_grpc_and_the_server_lives_on() -> None:
    with running(FakeEngine()) as server:
        with pytest.raises(grpc.RpcError):
            server.send_bytes(
                "SearchService/SearchProducts", b"\x0a\x02\xff\xfe"
            )  # field 1, a string that is not UTF-8

        answer = server.search.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=WAIT)

    assert len(answer.results) == 1


def test_an_unknown_method_is_unimplemented(server: Running) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        server.send_bytes("SearchService/Guess", b"")

    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
