"""Swapping generations while calls are in flight; the pipelines are small fakes, the data folder is real."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from engine.browsing.browser import GraphBrowser
from engine.cached_search import CachedSearch
from engine.deadline import Deadline
from engine.errors import (
    DamagedGenerationError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    NotServingError,
)
from engine.generation import DataFolder, Generation
from engine.graph_values import GraphAnswer, GraphQuery
from engine.live.live_generation import LiveGeneration
from engine.pipeline import Pipeline
from engine.request import SearchRequest, SearchResult
from engine.serving import Opened, ServingEngine, Showing, View
from engine.types import FoldedChanges, PastQuery, Product, ProductId
from engine.vector_search import VectorSearch
from engine.written_changes import WrittenChange, WrittenRequest
from tests.event_samples import event_book
from tests.rpc.fake_feed import FakeFeed
from tests.unit.test_generation import published


@dataclass
class FakePipeline:
    """Answers with its generation's id; waits at the gate for a query that says so."""

    generation_id: str
    gate: threading.Event
    entered: threading.Event

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        if request.query == "wait":
            self.entered.set()
            assert self.gate.wait(10)
        if request.query == "wrong":
            raise InvalidArgumentError("filter", "no")
        return cast("SearchResult", (self.generation_id, request.query))


@dataclass
class FakeBrowser:
    """Answers with its generation's id once the gate is open."""

    generation_id: str
    gate: threading.Event
    entered: threading.Event

    def query(self, query: GraphQuery, deadline: Deadline) -> GraphAnswer:
        self.entered.set()
        assert self.gate.wait(10)
        return GraphAnswer(True, 0.0, self.generation_id)


class FakeStore:
    def row_of(self, product_id: str) -> int | None:
        return 0 if product_id == "known" else None

    def products(self, rows: Sequence[int]) -> list[Product]:
        return [Product(ProductId("known"), "Known")] * len(rows)

    def __len__(self) -> int:
        return 0

    def get(self, row: int) -> PastQuery:
        raise IndexError(row)

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        return ()


@dataclass
class FakeLive:
    """Remembers the sequences that it was told of."""

    told: list[int] = field(default_factory=list)
    sequence: int = 0

    def replay(self, changes: Iterable[WrittenChange]) -> None:
        for change in changes:
            self.told.append(change.sequence)
            self.sequence = change.sequence


@dataclass
class FakeLog:
    """`sequences` are those of its changes; `meanwhile` come while a generation reads it the first time. With
    a list `told_to_forget`, it is this process that writes.
    """

    sequences: list[int] = field(default_factory=list)
    meanwhile: list[int] = field(default_factory=list)
    feed: FakeFeed = field(default_factory=FakeFeed)
    closed: bool = False
    told_to_forget: list[int] | None = None

    @property
    def last_sequence(self) -> int:
        return len(self.sequences)

    @property
    def acknowledged(self) -> int:
        return self.last_sequence

    @property
    def size_bytes(self) -> int:
        return 100 * len(self.sequences)

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def outcome_of(self, request_id: str) -> bytes | None:
        return None

    def commit(self, requests: Sequence[WrittenRequest]) -> None:
        raise AssertionError("nothing is written here")

    @property
    def writing(self) -> bool:
        return self.told_to_forget is not None

    def start_of(self, folded: FoldedChanges) -> int:
        return folded.sequence

    def forget(self, generations: Sequence[FoldedChanges], most: int) -> int:
        assert self.told_to_forget is not None
        self.told_to_forget.append(min(folded.sequence for folded in generations))
        return 0

    def latest(self, after: int) -> Iterator[WrittenChange]:
        found = [each for each in self.sequences if each > after]
        self.sequences += self.meanwhile
        self.meanwhile = []
        yield from (WrittenChange(each, "p", None, None, "") for each in found)

    def since(self, sequence: int) -> Iterator[WrittenChange]:
        yield from (WrittenChange(each, "p", None, None, "") for each in self.sequences if each > sequence)

    def close(self) -> None:
        self.closed = True


@dataclass
class World:
    data: DataFolder
    first: str
    second: str
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    closed: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    moves: int = 0
    log: FakeLog = field(default_factory=FakeLog)
    lives: dict[str, FakeLive] = field(default_factory=dict)
    engine: ServingEngine = field(init=False)

    def load(self, generation: Generation) -> Opened:
        if generation.id in self.broken:
            raise DamagedGenerationError(generation.folder, "cannot be read")
        pipeline = cast("Pipeline", FakePipeline(generation.id, self.gate, self.entered))
        close = lambda: self.closed.append(generation.id)  # noqa: E731  one expression, used once
        browser = cast("GraphBrowser", FakeBrowser(generation.id, self.gate, self.entered))
        search = CachedSearch.over(pipeline.search, 0)
        vectors = cast("VectorSearch", lambda request, _deadline: (generation.id, request))
        view = View(pipeline, search, vectors, FakeStore(), FakeStore(), browser)
        live = self.lives[generation.id] = FakeLive()
        return Opened(generation, Showing(view), cast("LiveGeneration", live), "cpu", close)

    def moved(self) -> None:
        self.moves += 1

    def ask(self, query: str = "ink") -> Any:
        return self.engine.search(SearchRequest(query), Deadline.none())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    first = published(tmp_path, "first").id
    second = published(tmp_path, "second", activate=False).id
    made = World(DataFolder(tmp_path), first, second)
    made.engine = ServingEngine(
        made.data,
        made.load,
        log=made.log,
        events=event_book(tmp_path),
        batch_threads=4,
        live_products=10,
        on_move=made.moved,
    )
    made.engine.start(made.data.open_active())
    yield made
    made.gate.set()
    made.engine.close()


def test_activation_moves_the_answers_and_the_pointer(world: World) -> None:
    assert world.ask() == (world.first, "ink")

    info = world.engine.activate(world.second)

    assert (info.id, info.active) == (world.second, True)
    assert world.ask() == (world.second, "ink")
    pointer = world.data.pointer()
    assert pointer is not None
    assert pointer.active == world.second
    assert world.closed == [world.first]


def test_a_generation_is_told_of_all_changes_before_it_serves(world: World) -> None:
    """Also of those that are made while it reads the others; each once."""
    world.log.sequences, world.log.meanwhile = [1, 2], [3, 4]

    world.engine.activate(world.second)

    assert world.lives[world.first].told == []
    assert world.lives[world.second].told == [1, 2, 3, 4]


def test_whoever_follows_the_changes_reads_the_log_whatever_generation_serves(world: World) -> None:
    before = world.engine.feed

    world.engine.activate(world.second)

    assert world.engine.feed is before is world.log.feed


def test_the_log_is_closed_last(world: World) -> None:
    world.engine.close()

    assert world.log.closed


def test_following_serves_what_the_pointer_names_and_tells_nobody(world: World) -> None:
    world.data.activate(world.second)

    world.engine.follow()
    world.engine.follow()

    assert world.ask() == (world.second, "ink")
    assert world.closed == [world.first]
    assert world.moves == 0


def test_whoever_watches_is_told_of_every_move_of_the_pointer(world: World) -> None:
    world.engine.activate(world.second)
    world.engine.roll_back()

    assert world.moves == 2


def test_a_call_in_flight_finishes_on_the_generation_it_began_with(world: World) -> None:
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.append(world.ask("wait")))
    caller.start()
    assert world.entered.wait(10)

    world.engine.activate(world.second)
    assert world.closed == []
    world.gate.set()
    caller.join(10)

    assert answers == [(world.first, "wait")]
    assert world.closed == [world.first]


def test_a_graph_query_in_flight_finishes_on_the_generation_it_began_with(world: World) -> None:
    answers: list[GraphAnswer] = []
    ask = world.engine.query_graph
    caller = threading.Thread(target=lambda: answers.append(ask(GraphQuery("ASK {}"), Deadline.none())))
    caller.start()
    assert world.entered.wait(10)

    world.engine.activate(world.second)
    assert world.closed == []
    world.gate.set()
    caller.join(10)

    assert [answer.generation_id for answer in answers] == [world.first]
    assert world.closed == [world.first]
    assert ask(GraphQuery("ASK {}"), Deadline.none()).generation_id == world.second


def test_roll_back_returns_to_the_one_before(world: World) -> None:
    world.engine.activate(world.second)

    assert world.engine.roll_back().id == world.first
    assert world.ask() == (world.first, "ink")
    with pytest.raises(FailedPreconditionError):
        world.engine.roll_back()


def test_a_generation_that_cannot_be_loaded_changes_nothing(world: World) -> None:
    world.broken.add(world.second)

    with pytest.raises(DamagedGenerationError):
        world.engine.activate(world.second)

    assert world.ask() == (world.first, "ink")
    pointer = world.data.pointer()
    assert pointer is not None
    assert pointer.active == world.first


def test_an_unknown_generation_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.engine.activate("g0")


def test_a_batch_answers_in_order(world: World) -> None:
    requests = [SearchRequest(str(number)) for number in range(20)]

    answers: Any = world.engine.search_batch(requests, Deadline.none())

    assert answers == [(world.first, str(number)) for number in range(20)]


def test_a_wrong_request_of_a_batch_is_named_by_its_place(world: World) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        world.engine.search_batch([SearchRequest("ink"), SearchRequest("wrong")], Deadline.none())

    assert caught.value.field == "requests[1].filter"


def test_products_are_found_by_id(world: World) -> None:
    assert world.engine.products(["known"])[0][0].title == "Known"
    with pytest.raises(NotFoundError, match="'strange'"):
        world.engine.products(["known", "strange"])


def test_a_closed_engine_says_that_it_does_not_serve(world: World) -> None:
    world.engine.close()

    with pytest.raises(NotServingError):
        world.ask()
    assert world.closed == [world.first]
