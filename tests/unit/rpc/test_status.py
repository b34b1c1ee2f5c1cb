from __future__ import annotations

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ErrorCode, OverloadedError, StalePageTokenError
from engine.rpc.status import STATUS_OF, shortened, status_of


def test_every_error_code_has_its_status_of_the_same_name() -> None:
    assert {code: STATUS_OF[code].name for code in ErrorCode} == {code: code.value for code in ErrorCode}


def test_no_error_code_is_told_as_a_bug_or_as_success() -> None:
    assert not {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.OK} & set(
        STATUS_OF.values()
    )


@given(st.text(), st.integers(min_value=3, max_value=50))
def test_shortened_text_fits_and_begins_alike(text: str, limit: int) -> None:
    short = shortened(text, limit)

    assert len(short.encode()) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_an_error_about_half_a_character_can_be_sent() -> None:
    """JSON may hold one, and so a page token."""
    sent = status_of(StalePageTokenError("\ud800", "g-2"))

    assert (
        sent.details
        == "The page token was made by generation ?, but g-2 is serving. Ask for the first page again."
    )


def test_one_who_is_told_to_try_again_is_told_when() -> None:
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    trailing = dict(status_of(OverloadedError("Full.", retry_after=0.25)).trailing_metadata)
    told = Status.FromString(trailing["grpc-status-details-bin"])

    [delay] = [RetryInfo.FromString(each.value) for each in told.details if each.Is(RetryInfo.DESCRIPTOR)]
    assert told.code == code.value[0]
    assert delay.retry_delay.ToMilliseconds() == 250
