"""No text and no list of a request is read without a bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from engine.errors import InvalidArgumentError
from engine.plan import checked_query
from engine.stages.columns import Columns
from engine.stages.filtering.grammar import parse
from engine.stages.order import parse_order_by
from tests.unit.rpc.test_requests import READERS, another_value, paths

HUGE = 100_001
NO_COLUMNS = cast("Columns", None)  # a text that is too long is not looked up in them
BOUNDED_WITHIN: dict[str, Callable[[str], object]] = {
    "SearchProductsRequest.query": lambda text: checked_query(text, "query"),
    "SearchProductsRequest.filter": parse,
    "SearchProductsRequest.order_by": lambda text: parse_order_by(text, NO_COLUMNS),
    "SearchByVectorRequest.filter": parse,
    "SuggestQueriesRequest.prefix": lambda text: checked_query(text, "prefix"),
    "LinkEntitiesRequest.text": lambda text: checked_query(text, "text"),
}
"""Texts that the engine itself bounds, since callers in process give them as well."""


def name_of(message: type[Message], path: tuple[FieldDescriptor, ...]) -> str:
    return f"{message.DESCRIPTOR.name}.{'.'.join(field.name for field in path)}"


def fields(*, repeated: bool) -> list[Any]:
    """Every list, or every text, alone or in a list."""
    return [
        pytest.param(message, path, id=name_of(message, path))
        for message in READERS
        for path in paths(message.DESCRIPTOR)
        if (path[-1].is_repeated if repeated else path[-1].cpp_type == FieldDescriptor.CPPTYPE_STRING)
    ]


def holder_of(message: Message, path: tuple[FieldDescriptor, ...]) -> Any:
    holder: Any = message
    for field in path[:-1]:
        holder = getattr(holder, field.name)
    return holder


@pytest.mark.parametrize(("message", "path"), fields(repeated=False))
def test_a_huge_text_is_refused_naming_its_field(
    message: type[Message], path: tuple[FieldDescriptor, ...]
) -> None:
    read, least = READERS[message]
    last, text = path[-1], "x" * HUGE
    if (bound := BOUNDED_WITHIN.get(name_of(message, path))) is not None:
        with pytest.raises(InvalidArgumentError, match="at most"):
            bound(text)
        return
    request = message(**least)
    holder = holder_of(request, path)
    if last.is_repeated:
        getattr(holder, last.name).append(text)
    else:
        setattr(holder, last.name, text)

    with pytest.raises(InvalidArgumentError, match="100,001 characters") as raised:
        read(request)
    assert raised.value.field.startswith(last.name)


@pytest.mark.parametrize(("message", "path"), fields(repeated=True))
def test_a_huge_list_is_refused_naming_its_field(
    message: type[Message], path: tuple[FieldDescriptor, ...]
) -> None:
    read, least = READERS[message]
    request, last = message(**least), path[-1]
    getattr(holder_of(request, path), last.name).extend([another_value(last)] * HUGE)

    with pytest.raises(InvalidArgumentError, match=r"has 100,?00[12] entries") as raised:
        read(request)
    assert raised.value.field.endswith(last.name)
