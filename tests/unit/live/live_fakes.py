"""A generation of a few products and what changes it, all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from engine.live.live_generation import LiveGeneration
from engine.live.overlay import LayeredCatalog, Overlay
from engine.live.product_reader import Linked
from engine.live.state import LiveState
from engine.live.writer import LiveWriter
from engine.types import FloatArray, Product, ProductId, RowArray
from engine.written_changes import WrittenChange, WrittenRequest
from tests.rpc.fake_feed import FakeFeed
from tests.unit.stages.vector_fakes import ExactVectors, ExactWords

DIMENSION = 8
FINGERPRINT = "hashing"


def product(product_id: str, title: str, **fields: object) -> Product:
    return Product(ProductId(product_id), title, **fields)  # type: ignore[arg-type]  # fields of Product


def embedding(text: str) -> FloatArray:
    seed = int.from_bytes(sha256(text.encode()).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@dataclass
class ListedCatalog:
    """Fits `BaseCatalog`."""

    listed: Sequence[Product]

    def __len__(self) -> int:
        return len(self.listed)

    def row_of(self, product_id: str) -> int | None:
        return next((row for row, each in enumerate(self.listed) if each.id == product_id), None)

    def products(self, rows: Sequence[int] | RowArray) -> list[Product]:
        return [self.listed[int(row)] for row in rows]

    def texts(self, rows: Sequence[int] | RowArray) -> list[str]:
        return [f"text of {each.id}" for each in self.products(rows)]

    def ids(self, rows: Sequence[int] | RowArray) -> list[ProductId]:
        return [each.id for each in self.products(rows)]


@dataclass
class ListedWords:
    """Fits `GrowingWords`."""

    texts: list[str]
    closed: bool = False

    @property
    def snapshot(self) -> ExactWords:
        return ExactWords(tuple(self.texts))

    def add(self, products: Sequence[Product]) -> ExactWords:
        self.texts += [each.title for each in products]
        return self.snapshot

    def close(self) -> None:
        self.closed = True


@dataclass
class ListedLog:
    """Fits `Log` and `WrittenLog`, and is replayed."""

    requests: list[WrittenRequest] = field(default_factory=list)
    commits: int = 0
    failure: Exception | None = None
    feed: FakeFeed = field(default_factory=FakeFeed)

    @property
    def changes(self) -> list[WrittenChange]:
        return [change for request in self.requests for change in request.changes]

    @property
    def last_sequence(self) -> int:
        return len(self.changes)

    @property
    def acknowledged(self) -> int:
        return self.last_sequence

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    @property
    def size_bytes(self) -> int:
        return sum(len(each.outcome) for each in self.requests)

    def outcome_of(self, request_id: str) -> bytes | None:
        return next((each.outcome for each in self.requests if each.request_id == request_id), None)

    def since(self, sequence: int) -> Iterator[WrittenChange]:
        return iter(self.changes[sequence:])

    def commit(self, requests: Sequence[WrittenRequest]) -> None:
        if self.failure is not None:
            raise self.failure
        self.commits += 1
        self.requests += requests


@dataclass
class Shop:
    """`encoded` are the texts that were embedded since the start, in order; `told` the requests and seconds
    of each commit.
    """

    listed: Sequence[Product]
    log: ListedLog = field(default_factory=ListedLog)
    encoded: list[str] = field(default_factory=list)
    overlays: list[Overlay] = field(default_factory=list)
    most_slots: int = 1_000
    told: list[tuple[int, float]] = field(default_factory=list)
    read: Callable[[Product], Linked] = lambda _: Linked({}, {})

    def __post_init__(self) -> None:
        from engine.product_texts import embedding_text

        self.base = ListedCatalog(self.listed)
        matrix = np.array([embedding(embedding_text(each)) for each in self.listed], np.float32)
        vectors = ExactVectors(matrix.reshape(len(self.listed), DIMENSION))
        self.words = ListedWords([each.title for each in self.listed])
        self.state = LiveState(self.base, vectors, open_words=lambda: self.words, read=self.read)
        self.live = LiveGeneration(
            self.state,
            generation_id="g",
            fingerprint=FINGERPRINT,
            encode=self._encode,
            publish=self.overlays.append,
            warnings=lambda _: (),
        )
        self.writer = LiveWriter(
            self.log,
            self._using,
            most_slots=self.most_slots,
            on_commit=lambda requests, seconds: self.told.append((requests, seconds)),
        )

    @property
    def overlay(self) -> Overlay:
        return self.overlays[-1] if self.overlays else Overlay.none(len(self.base), DIMENSION)

    @property
    def catalog(self) -> LayeredCatalog:
        return LayeredCatalog(self.base, self.overlay)

    def products(self) -> dict[str, Product]:
        """All that are alive, by id."""
        rows = np.flatnonzero(self.overlay.alive)
        return {each.id: each for each in self.catalog.products(rows)}

    def put(self, *products: Product) -> None:
        """As the log would tell it."""
        self._apply([(each.id, each) for each in products])

    def delete(self, *product_ids: str) -> None:
        self._apply([(ProductId(each), None) for each in product_ids])

    def _apply(self, changes: Sequence[tuple[ProductId, Product | None]]) -> None:
        first = self.live.sequence + 1
        self.live.apply(
            WrittenChange(sequence, product_id, product, None, "")
            for sequence, (product_id, product) in enumerate(changes, first)
        )

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        self.encoded += texts
        return np.array([embedding(text) for text in texts], np.float32)

    @contextmanager
    def _using(self) -> Iterator[LiveGeneration]:
        yield self.live
