from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import InvalidArgumentError
from engine.rpc.generation_servicer import cut_page
from tests.rpc.fake_engine import NEW

INFOS = tuple(replace(NEW, id=f"g-{number}") for number in range(5, 0, -1))


def test_pages_together_hold_every_generation_once() -> None:
    seen: list[str] = []
    token = ""
    while True:
        page, token = cut_page(INFOS, 2, token)
        seen += [info.id for info in page]
        if not token:
            break

    assert seen == ["g-5", "g-4", "g-3", "g-2", "g-1"]


def test_a_generation_published_meanwhile_shifts_nothing() -> None:
    _, token = cut_page(INFOS, 2, "")

    page, _ = cut_page((replace(NEW, id="g-6"), *INFOS), 2, token)

    assert [info.id for info in page] == ["g-3", "g-2"]


def test_no_generations_are_one_empty_page() -> None:
    assert cut_page((), 50, "") == ((), "")


@pytest.mark.parametrize("token", ["%%%", "bm9wZQ==", "gA=="], ids=["no base64", "unknown id", "no UTF-8"])
def test_broken_tokens_are_refused(token: str) -> None:
    with pytest.raises(InvalidArgumentError, match="page token"):
        cut_page(INFOS, 2, token)
