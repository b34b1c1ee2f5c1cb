"""API keys: made, kept, told apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ExpiredCredentialsError, InvalidCredentialsError
from engine.security.caller import Caller, Limits
from engine.security.key_file import KeyRecord
from engine.security.keys import Keys
from engine.security.scopes import Scope
from engine.security.secret import NewKey, digest_of, id_of, is_key

MADE, OTHER = NewKey.make(), NewKey.make()
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES = datetime(2026, 6, 1, tzinfo=UTC)
RECORD = KeyRecord(
    id=MADE.id,
    name="web-shop",
    sha256=digest_of(MADE.text).hex(),
    scopes=frozenset({Scope.SEARCH}),
    created=CREATED,
    expires=EXPIRES,
    calls_per_second=5,
    calls_per_day=100,
)


def keys_at(now: datetime) -> Keys:
    return Keys.of([RECORD], now.timestamp)


def test_a_key_names_itself_and_no_two_are_alike() -> None:
    assert is_key(MADE.text)
    assert id_of(MADE.text) == MADE.id
    assert len({NewKey.make().text for _ in range(1_000)}) == 1_000


def test_a_key_has_256_random_bits_beside_its_id() -> None:
    secret = MADE.text.removeprefix(f"cartograph_{MADE.id}_")

    assert len(secret) == 43  # 256 bits / 6 bits a character, rounded up


def test_a_record_holds_nothing_of_the_secret() -> None:
    secret = MADE.text.removeprefix(f"cartograph_{MADE.id}_")

    assert secret not in RECORD.model_dump_json()


def test_the_key_says_who_calls() -> None:
    caller = keys_at(CREATED).caller_of(MADE.text)

    assert caller == Caller("web-shop", frozenset({Scope.SEARCH}), MADE.id, Limits(5, 100))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cartograph_",
        OTHER.text,
        MADE.text[:-1],
        MADE.text + "x",
        MADE.id,
        RECORD.sha256,
        MADE.text.upper(),
    ],
    ids=["empty", "prefix", "unknown", "cut", "longer", "id alone", "hash", "upper case"],
)
def test_anything_else_is_invalid(text: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        keys_at(CREATED).caller_of(text)


@given(st.text())
def test_no_text_is_a_key_by_chance_and_none_breaks_it(text: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        keys_at(CREATED).caller_of(text)


def test_a_key_works_until_the_moment_it_expires() -> None:
    just_before = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)

    assert keys_at(just_before).caller_of(MADE.text).name == "web-shop"
    with pytest.raises(ExpiredCredentialsError):
        keys_at(EXPIRES).caller_of(MADE.text)


def test_that_a_key_has_expired_is_told_only_to_who_holds_it() -> None:
    with pytest.raises(InvalidCredentialsError):
        keys_at(EXPIRES).caller_of(f"cartograph_{MADE.id}_{'A' * 43}")
