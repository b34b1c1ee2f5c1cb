"""Which collection a call is for."""

from __future__ import annotations

from contextvars import copy_context

import pytest
from structlog.contextvars import get_contextvars

from engine.errors import CollectionDeniedError, EngineError, MissingCollectionError, NotFoundError
from engine.rpc.tenancy import Collections, current
from engine.security.caller import Caller
from engine.security.scopes import EVERY_SCOPE

NOBODY_KNOWN = None
ANYWHERE = Caller("operator", EVERY_SCOPE)
GARDENER = Caller("gardener", EVERY_SCOPE, collections=frozenset({"garden"}))
BOTH = Caller("agency", EVERY_SCOPE, collections=frozenset({"garden", "fashion"}))
NOWHERE = Caller("left", EVERY_SCOPE, collections=frozenset())

ALONE, ONE = Collections(), Collections(frozenset({"garden"}))
THREE = Collections(frozenset({"garden", "fashion", "toys"}))


def outcome(collections: Collections, caller: Caller | None, asked: str | None) -> tuple[str, object]:
    """What is chosen, or the error's reason; and the collection that lines of the log then have."""

    def choose() -> tuple[str, object]:
        metadata = [("x-request-id", "r-1")] + ([] if asked is None else [("x-collection", asked)])
        try:
            chosen = collections.choose(metadata, caller)
        except EngineError as error:
            assert current() == ""
            return error.reason, get_contextvars().get("collection")
        assert current() == chosen
        return chosen, get_contextvars().get("collection")

    return copy_context().run(choose)  # as gRPC gives each call one of its own


@pytest.mark.parametrize(
    ("collections", "caller", "asked", "chosen"),
    [
        (ALONE, NOBODY_KNOWN, None, ""),
        (ALONE, ANYWHERE, None, ""),
        (ONE, NOBODY_KNOWN, None, "garden"),
        (ONE, NOBODY_KNOWN, "garden", "garden"),
        (ONE, BOTH, None, "garden"),
        (THREE, NOBODY_KNOWN, "toys", "toys"),
        (THREE, ANYWHERE, "fashion", "fashion"),
        (THREE, GARDENER, None, "garden"),
        (THREE, GARDENER, "garden", "garden"),
        (THREE, GARDENER, "", "garden"),
        (THREE, BOTH, "fashion", "fashion"),
    ],
)
def test_a_call_is_for_the_collection_that_it_names_or_the_only_one_that_it_may_mean(
    collections: Collections, caller: Caller | None, asked: str | None, chosen: str
) -> None:
    assert outcome(collections, caller, asked) == (chosen, chosen or None)


@pytest.mark.parametrize("caller", [NOBODY_KNOWN, ANYWHERE, BOTH])
def test_where_several_may_be_meant_one_has_to_be_named(caller: Caller | None) -> None:
    assert outcome(THREE, caller, None) == ("COLLECTION_MISSING", None)


@pytest.mark.parametrize(
    ("collections", "caller", "asked"),
    [
        (THREE, NOBODY_KNOWN, "pets"),
        (THREE, ANYWHERE, "pets"),
        (ALONE, NOBODY_KNOWN, "pets"),  # a write that is meant for another server must not be made here
        (ONE, ANYWHERE, "pets"),
        (Collections(frozenset({"toys"})), GARDENER, "garden"),
    ],
)
def test_one_that_is_not_there_is_not_found_by_who_may_know_that(
    collections: Collections, caller: Caller | None, asked: str
) -> None:
    assert outcome(collections, caller, asked) == ("NOT_FOUND", asked)


def test_others_collections_are_denied_alike_be_they_there_or_not() -> None:
    def denied(asked: str) -> CollectionDeniedError:
        with pytest.raises(CollectionDeniedError) as raised:
            copy_context().run(THREE.choose, [("x-collection", asked)], GARDENER)
        return raised.value

    there, nowhere = denied("toys"), denied("pets")

    assert (there.message, there.metadata) == (nowhere.message, nowhere.metadata)
    assert outcome(THREE, GARDENER, "toys") == ("COLLECTION_DENIED", "toys")


@pytest.mark.parametrize("asked", ["garden", "toys", "pets"])
def test_who_is_for_no_collection_reaches_none(asked: str) -> None:
    assert outcome(THREE, NOWHERE, asked) == ("COLLECTION_DENIED", asked)
    assert outcome(THREE, NOWHERE, None)[0] == "COLLECTION_MISSING"
    assert outcome(ONE, NOWHERE, None)[0] == "COLLECTION_DENIED"


def test_a_key_for_named_collections_opens_no_server_whose_catalogue_has_no_name() -> None:
    assert outcome(ALONE, BOTH, None) == ("COLLECTION_DENIED", None)
    assert outcome(ALONE, GARDENER, None) == ("NOT_FOUND", "garden")


def test_what_is_no_name_is_not_written_to_the_log() -> None:
    assert outcome(THREE, ANYWHERE, 'x"} {"event": "forged') == ("NOT_FOUND", None)


def test_no_refusal_tells_a_name_that_the_caller_did_not_send() -> None:
    for caller, asked in ((GARDENER, "toys"), (NOWHERE, None), (BOTH, None), (ANYWHERE, "pets")):
        with pytest.raises((CollectionDeniedError, MissingCollectionError, NotFoundError)) as raised:
            copy_context().run(THREE.choose, [("x-collection", asked)] if asked else [], caller)
        told = f"{raised.value.message} {raised.value.metadata}"
        assert not [name for name in THREE.names if name in told and name != asked]
