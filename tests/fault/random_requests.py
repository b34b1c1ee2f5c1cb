"""Requests that nobody would send, as bytes: made after the contract's descriptors, and then damaged.

All of it follows from the `Random` that is given, so that a failure is repeated by its seed. Bytes are made
rather than messages, so that they may hold what no library would let through: half characters, numbers of
enums that there are not, both members of a oneof, a field that comes twice.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tests.fault.random_texts import filter_text, odd_text, order_text, token_text

Known: TypeAlias = Mapping[str, Sequence[str]]
"""Texts that mean something, by the name of the field that they are for."""

_INTEGERS = (0, 1, 2, 3, 20, 101, -1, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63))
_NUMBERS = (-0.0, -1.0, 1e-300, 1e308, float("nan"), float("inf"), -float("inf"))
_FLOATS = (-0.0, 1e-45, 3.4e38, float("nan"), float("inf"))
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAY_BE_ABSENT, _MAY_BE_DAMAGED, _MAY_BE_NOISE = 0.3, 0.2, 0.05
_MAY_BE_ODD = (0.0, 0.02, 0.1, 0.5)
"""Shares of a request's values that are not as they should be, one of these each: so some get far."""
_MANY = 101
"""Entries of a list now and then: more than a batch may have."""
_TEXTS: Mapping[str, Callable[[Random], str]] = {
    "filter": filter_text,
    "order_by": order_text,
    "page_token": token_text,
}


class RandomRequests:
    """`dimension` is that of embeddings, without which most vectors would be refused for their length."""

    def __init__(self, random: Random, known: Known, dimension: int) -> None:
        self._random, self._known, self._dimension = random, known, dimension
        self._oddness = random.choice(_MAY_BE_ODD)

    def make(self, descriptor: Descriptor) -> bytes:
        """For a call that takes such a message."""
        if self._random.random() < _MAY_BE_NOISE:
            return self._random.randbytes(self._random.randrange(200))
        raw = self._message(descriptor)
        return self._damaged(raw) if self._random.random() < _MAY_BE_DAMAGED else raw

    def _message(self, descriptor: Descriptor) -> bytes:
        return b"".join(self._field(field) for field in descriptor.fields for _ in range(self._times(field)))

    def _times(self, field: FieldDescriptor) -> int:
        if self._random.random() < _MAY_BE_ABSENT:
            return 0
        if not field.is_repeated:
            return 1
        if field.type == FieldDescriptor.TYPE_FLOAT:
            return 1 if self._odd() else self._dimension
        return _MANY if self._odd() and self._random.random() < 0.1 else self._random.randint(1, 3)

    def _odd(self) -> bool:
        return self._random.random() < self._oddness

    def _field(self, field: FieldDescriptor) -> bytes:
        random = self._random
        match field.type:
            case FieldDescriptor.TYPE_MESSAGE:
                assert field.message_type is not None
                return _tag(field, _BYTES) + _sized(self._message(field.message_type))
            case FieldDescriptor.TYPE_STRING:
                return _tag(field, _BYTES) + _sized(self._text(field).encode(errors="surrogatepass"))
            case FieldDescriptor.TYPE_DOUBLE:
                number = random.choice(_NUMBERS) if self._odd() else random.random()
                return _tag(field, _FIXED64) + struct.pack("<d", number)
            case FieldDescriptor.TYPE_FLOAT:
                odd = random.random() < self._oddness / self._dimension
                number = random.choice(_FLOATS) if odd else random.gauss()
                return _tag(field, _FIXED32) + struct.pack("<f", number)
            case FieldDescriptor.TYPE_ENUM | FieldDescriptor.TYPE_BOOL:
                named = 2 if field.enum_type is None else len(field.enum_type.values)
                return _tag(field, _VARINT) + self._integer(named)
            case FieldDescriptor.TYPE_INT32 | FieldDescriptor.TYPE_INT64:
                return _tag(field, _VARINT) + self._integer(9)
        raise NotImplementedError(f"{field.full_name} is of a type that no request had so far")

    def _integer(self, below: int) -> bytes:
        """From 0 to `below`, or of those that programs stumble over."""
        return _varint(self._random.choice(_INTEGERS) if self._odd() else self._random.randrange(below))

    def _text(self, field: FieldDescriptor) -> str:
        for name in (".".join(field.full_name.split(".")[-2:]), field.name):
            if name in self._known and not self._odd():
                return self._random.choice(self._known[name])
            if name in _TEXTS:
                return _TEXTS[name](self._random) if self._odd() or self._random.random() < 0.1 else ""
        return odd_text(self._random) if self._odd() else "plain words"

    def _damaged(self, raw: bytes) -> bytes:
        """A few bytes are another, lost, new or repeated, or the end is cut off."""
        random, data = self._random, bytearray(raw)
        for _ in range(random.randint(1, 4)):
            at, length = random.randrange(len(data) + 1), random.randint(1, 30)
            match random.randrange(5):
                case 0:
                    data[at : at + 1] = random.randbytes(1)
                case 1:
                    del data[at : at + length]
                case 2:
                    data[at:at] = random.randbytes(length)
                case 3:
                    data[at:at] = data[at : at + length]
                case _:
                    del data[at:]
        return bytes(data)


def _tag(field: FieldDescriptor, wire_type: int) -> bytes:
    return _varint(field.number << 3 | wire_type)


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(value: int) -> bytes:
    value, found = value % 2**64, bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes((*found, value))
