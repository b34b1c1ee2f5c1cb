"""How many calls each collection may have, and whose threads answer them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.collection import ONLY
from engine.errors import OverloadedError
from engine.rpc.rooms import Rooms, share_of

WAIT = 10.0


@pytest.fixture
def end() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def fill(rooms: Rooms, collection: str, calls: int, end: threading.Event, *, slow: bool = False) -> None:
    for _ in range(calls):
        rooms.check(collection)
        rooms.pool(collection, slow=slow).submit(end.wait, WAIT)


@pytest.mark.parametrize(
    ("most", "collections", "share"),
    [(64, 1, 64), (64, 2, 32), (64, 10, 32), (5, 2, 3), (1, 2, 1), (0, 2, 0)],
)
def test_one_of_several_collections_has_half_of_the_room(most: int, collections: int, share: int) -> None:
    assert share_of(most, collections) == share


def test_a_lone_catalogue_has_all_of_the_room(end: threading.Event) -> None:
    rooms = Rooms([ONLY], workers=2, most=3, most_each=1)
    fill(rooms, ONLY, 3, end)

    with pytest.raises(OverloadedError, match="answering 3 calls, as many as it takes;") as raised:
        rooms.check(ONLY)
    assert raised.value.metadata == {"max_inflight": "3"}


def test_a_collection_that_is_flooded_leaves_the_other_its_room_and_threads(end: threading.Event) -> None:
    rooms = Rooms(["garden", "fashion"], workers=4, most=8)
    fill(rooms, "garden", 3, end)
    fill(rooms, "garden", 1, end, slow=True)

    with pytest.raises(OverloadedError, match="4 calls of this collection") as raised:
        rooms.check("garden")
    rooms.check("fashion")
    answered = rooms.pool("fashion").submit(int, "7")  # while threads of the other are all waiting

    assert raised.value.metadata == {"max_inflight_per_collection": "4"}
    assert raised.value.retry_after > 0
    assert answered.result(WAIT) == 7
    assert (rooms.inflight_of("garden"), rooms.running(), rooms.waiting(), rooms.crowded()) == (4, 2, 1, True)


def test_all_together_have_no_more_than_the_server_takes(end: threading.Event) -> None:
    rooms = Rooms(["a", "b", "c"], workers=2, most=4, most_each=3)
    fill(rooms, "a", 3, end)
    fill(rooms, "b", 1, end)

    with pytest.raises(OverloadedError, match="answering 4 calls, as many as it takes;"):
        rooms.check("c")


def test_room_is_given_back_and_the_end_of_all_calls_waited_for(end: threading.Event) -> None:
    rooms = Rooms(["garden", "fashion"], workers=2, most=2)
    fill(rooms, "garden", 1, end)
    fill(rooms, "fashion", 1, end, slow=True)

    assert not rooms.wait_until_idle(0.01)
    end.set()
    assert rooms.wait_until_idle(WAIT)
    assert (rooms.inflight(), rooms.crowded()) == (0, False)
    rooms.check("garden")
    rooms.close()


def test_threads_are_shared_out_two_at_least_for_each(end: threading.Event) -> None:
    rooms = Rooms(["a", "b", "c"], workers=4, most=64)
    fill(rooms, "a", 5, end)

    assert (rooms.running(), rooms.waiting()) == (2, 3)
