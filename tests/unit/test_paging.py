import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidArgumentError, StalePageTokenError
from engine.paging import PageToken, next_token, offset_of
from engine.request import RetrievalSpec, SearchRequest, Source

REQUEST = SearchRequest("black ink", retrieval=RetrievalSpec(frozenset({Source.GRAPH, Source.DENSE})))


def page_two(request: SearchRequest = REQUEST) -> SearchRequest:
    return replace(request, page_token=next_token(request, "g1", 20, 100))


def test_the_next_page_begins_where_this_one_ended() -> None:
    assert offset_of(REQUEST, "g1") == 0
    assert offset_of(page_two(), "g1") == 20


def test_the_last_page_has_no_next() -> None:
    assert next_token(REQUEST, "g1", 100, 100) == ""


def test_the_page_size_may_change_between_pages() -> None:
    assert offset_of(replace(page_two(), page_size=50), "g1") == 20


@pytest.mark.parametrize("change", [{"query": " Black  INK"}, {"skip_cache": True}])
def test_a_token_goes_on_for_the_same_request_in_another_form(change: dict[str, object]) -> None:
    other = replace(page_two(), **change)  # type: ignore[arg-type]  # the parametrised keys are field names

    assert offset_of(other, "g1") == 20


def test_a_token_of_an_older_generation_is_stale() -> None:
    with pytest.raises(StalePageTokenError, match=r"g1.*g2"):
        offset_of(page_two(), "g2")


@pytest.mark.parametrize("change", [{"query": "red ink"}, {"filter": 'brand = "HP"'}, {"explain": True}])
def test_a_token_of_another_request_is_refused(change: dict[str, object]) -> None:
    other = replace(page_two(), **change)  # type: ignore[arg-type]  # the parametrised keys are field names
    with pytest.raises(InvalidArgumentError, match="another request"):
        offset_of(other, "g1")


@given(st.text(min_size=1, max_size=60))
def test_any_other_text_is_refused_in_one_sentence(token: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        offset_of(replace(REQUEST, page_token=token), "g1")

    assert caught.value.field == "page_token"


def test_a_token_of_a_thousand_lists_in_one_another_is_refused_like_any_other() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 1_450).decode()

    with pytest.raises(InvalidArgumentError, match="not one that this server made"):
        offset_of(replace(REQUEST, page_token=nested), "g1")


@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 10**9))
def test_tokens_survive_the_journey(generation_id: str, fingerprint: str, offset: int) -> None:
    token = PageToken(generation_id, fingerprint, offset)

    assert PageToken.decode(token.encode()) == token
