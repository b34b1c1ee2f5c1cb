"""Where credentials may stand in a call, and what they open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from engine.errors import InvalidCredentialsError, MissingCredentialsError, PermissionDeniedError
from engine.security.access import Access
from engine.security.caller import Caller
from engine.security.limiter import Limiter
from engine.security.scopes import Scope
from engine.security.usage import Usage

SEARCH = "/cartograph.v1.SearchService/SearchProducts"
ACTIVATE = "/cartograph.v1.GenerationService/ActivateGeneration"
BY_KEY, BY_TOKEN = Caller("by key", frozenset({Scope.SEARCH})), Caller("by token", frozenset({Scope.ADMIN}))


@dataclass(frozen=True)
class OneText:
    """Credentials of one caller, who sends one text."""

    text: str
    caller: Caller

    @property
    def value(self) -> OneText:
        return self

    def caller_of(self, text: str) -> Caller:
        if text != self.text:
            raise InvalidCredentialsError
        return self.caller


KEYS, TOKENS = OneText("cartograph_k", BY_KEY), OneText("ey.J.w", BY_TOKEN)
BOTH = Access(KEYS, TOKENS, Limiter(Usage()))


@pytest.mark.parametrize(
    ("metadata", "caller"),
    [
        ([("authorization", "Bearer cartograph_k")], BY_KEY),
        ([("authorization", "bearer  cartograph_k ")], BY_KEY),
        ([("x-api-key", "cartograph_k")], BY_KEY),
        ([("user-agent", "x"), ("trace-bin", b"\x00"), ("authorization", "Bearer ey.J.w")], BY_TOKEN),
        ([("authorization", "Basic cartograph_k"), ("x-api-key", "cartograph_k")], BY_KEY),
    ],
)
def test_credentials_stand_in_either_header(
    metadata: Sequence[tuple[str, str | bytes]], caller: Caller
) -> None:
    assert BOTH.caller_of(metadata) is caller


@pytest.mark.parametrize(
    "metadata", [[], [("authorization", "Basic cartograph_k")], [("authorization", b"Bearer cartograph_k")]]
)
def test_without_them_the_caller_is_told_how_to_send_some(
    metadata: Sequence[tuple[str, str | bytes]],
) -> None:
    with pytest.raises(MissingCredentialsError, match="authorization: Bearer"):
        BOTH.caller_of(metadata)


@pytest.mark.parametrize("text", ["", "cartograph_x", "ey.X.x"])
def test_the_first_credentials_decide_even_when_they_are_wrong(text: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        BOTH.caller_of([("authorization", f"Bearer {text}"), ("x-api-key", "cartograph_k")])


def test_a_server_that_takes_only_one_kind_refuses_the_other() -> None:
    with pytest.raises(InvalidCredentialsError):
        Access(KEYS, None, Limiter(Usage())).caller_of([("authorization", "Bearer ey.J.w")])
    with pytest.raises(InvalidCredentialsError):
        Access(None, TOKENS, Limiter(Usage())).caller_of([("x-api-key", "cartograph_k")])


def test_a_call_needs_its_scope_and_no_scope_includes_another() -> None:
    BOTH.permit(BY_KEY, SEARCH)
    BOTH.permit(BY_TOKEN, ACTIVATE)
    with pytest.raises(PermissionDeniedError, match="scope 'admin'"):
        BOTH.permit(BY_KEY, ACTIVATE)
    with pytest.raises(PermissionDeniedError, match="scope 'search'"):
        BOTH.permit(BY_TOKEN, SEARCH)
