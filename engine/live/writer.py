"""Takes changes: checks them, embeds what is new, makes them durable, and lets searches see them.

Callers who come while a commit is under way are the next commit together (group commit): one wait for the
disk serves them all. A change is acknowledged when the log has it and searches see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

import orjson

from engine.batching import Batcher
from engine.deadline import Deadline
from engine.errors import EngineError, InvalidArgumentError, NotFoundError, OverloadedError
from engine.live.changes import (
    ChangeOutcome,
    ChangeRequest,
    ChangeResult,
    ProductChange,
    ProductDeletion,
    ProductPatch,
    ProductUpsert,
)
from engine.live.checks import check_id, check_product, unit
from engine.live.live_generation import LiveGeneration
from engine.product_texts import embedding_text
from engine.types import FloatArray, LiveStatus, Product
from engine.written_changes import WrittenChange, WrittenRequest

MAX_CHANGES = 1_000
"""Of one request."""
_REQUESTS_TOGETHER, _REQUESTS_WAITING = 8, 64


class Log(Protocol):
    """Where changes are durable; processes write it by turns."""

    def turn(self) -> AbstractContextManager[None]:
        """Nobody else writes meanwhile."""
        ...

    @property
    def last_sequence(self) -> int: ...

    @property
    def size_bytes(self) -> int:
        """Of what it keeps."""
        ...

    def outcome_of(self, request_id: str) -> bytes | None: ...

    def since(self, sequence: int) -> Iterator[WrittenChange]: ...

    def commit(self, requests: Sequence[WrittenRequest]) -> None:
        """All of them or none, durable when this returns. Sequences go on from the last one."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A request with what could be done before its turn: `refused` are outcomes by place, `made` embeddings
    by the text that they are of, of the encoder with this `fingerprint`.
    """

    fingerprint: str
    request: ChangeRequest
    refused: Mapping[int, ChangeOutcome]
    made: Mapping[str, FloatArray]


@dataclass(slots=True, eq=False)
class _Group:
    """What a commit will hold: products as they will be, with their embeddings, and who asked."""

    sequence: int
    now: dict[str, tuple[Product | None, FloatArray | None]] = field(default_factory=dict)
    written: list[WrittenRequest] = field(default_factory=list)
    known: dict[str, bytes] = field(default_factory=dict)
    slots: int = 0

    @property
    def changes(self) -> list[WrittenChange]:
        return [change for request in self.written for change in request.changes]


class LiveWriter:
    """Safe to call from many threads at once."""

    def __init__(
        self,
        log: Log,
        using: Callable[[], AbstractContextManager[LiveGeneration]],
        *,
        most_slots: int,
        on_commit: Callable[[int, float], None] | None = None,
    ) -> None:
        """`using` gives the generation that serves and keeps it from being swapped meanwhile; `on_commit` is
        told how many requests were committed together, and in how many seconds.
        """
        self._log = log
        self._using = using
        self._most_slots = most_slots
        self._batcher = Batcher[_Prepared, ChangeResult](
            self._commit, max_batch=_REQUESTS_TOGETHER, max_waiting=_REQUESTS_WAITING, on_batch=on_commit
        )

    def write(self, request: ChangeRequest, deadline: Deadline, live: LiveGeneration) -> ChangeResult:
        """Durable and visible when this returns; `live` is the generation that serves when it begins.

        Raises OverloadedError when too many wait, what the log raises when it cannot write, and
        DeadlineExceededError, after which the changes may have been made or not: the same call with the same
        request id tells.
        """
        return self._batcher.submit([self._prepare(request, live)], deadline)[0]

    @property
    def waiting(self) -> int:
        """Requests that no commit has taken yet."""
        return self._batcher.waiting

    def status(self, live: LiveGeneration) -> LiveStatus:
        """Of that generation. Raises what the log raises when it cannot be read."""
        return LiveStatus(live.sequence, live.state.slots, self._most_slots, self._log.size_bytes)

    def close(self) -> None:
        """Waits for the commit under way; later calls are refused."""
        self._batcher.close()

    def _prepare(self, request: ChangeRequest, live: LiveGeneration) -> _Prepared:
        """Checks and embeds in the caller's thread, by how products are now: who commits looks again."""
        refused: dict[int, ChangeOutcome] = {}
        given: dict[str, FloatArray] = {}
        new: dict[str, Product] = {}
        for place, change in enumerate(request.changes):
            try:
                product = self._wanted(change, live.state.product(change.product_id))
                if isinstance(change, ProductUpsert) and change.embedding is not None:
                    given[embedding_text(change.product)] = unit(change.embedding, live.state.dimension)
                elif product is not None and live.state.lacks_vector(product):
                    new[embedding_text(product)] = product
            except NotFoundError:
                pass  # an earlier change of the same commit may make it
            except EngineError as error:
                refused[place] = _refusal(change.product_id, error)
        missing = {text: product for text, product in new.items() if text not in given}
        made = dict(zip(missing, live.embed(list(missing.values())), strict=True))
        return _Prepared(live.fingerprint, request, refused, given | made)

    def _wanted(self, change: ProductChange, before: Product | None) -> Product | None:
        """The product after the change. Raises InvalidArgumentError, NotFoundError."""
        check_id(change.product_id)
        if isinstance(change, ProductDeletion):
            if before is None:
                raise NotFoundError("product", change.product_id, "There is nothing to delete.")
            return None
        product = change.applied_to(before) if isinstance(change, ProductPatch) else change.product
        check_product(product)
        return product

    def _commit(self, requests: Sequence[_Prepared]) -> list[ChangeResult]:
        with self._using() as live:
            with self._log.turn():
                if live.sequence < self._log.last_sequence:  # another process has written
                    live.replay(self._log.since(live.sequence))
                group = _Group(self._log.last_sequence)
                answers = [self._answer(request, group, live) for request in requests]
                if group.written:
                    self._log.commit(group.written)
            if changes := group.changes:
                live.apply(changes)
            return [replace(answer, sequence=live.sequence) for answer in answers]

    def _answer(self, prepared: _Prepared, group: _Group, live: LiveGeneration) -> ChangeResult:
        request_id = prepared.request.request_id
        known = None
        if request_id:
            known = group.known.get(request_id) or self._log.outcome_of(request_id)
        if known is not None:
            return ChangeResult(_read(known), 0, live.generation_id, repeated=True)
        outcomes, changes = [], []
        for place, change in enumerate(prepared.request.changes):
            outcome = prepared.refused.get(place)
            if outcome is None:
                try:
                    written = self._change(change, prepared, group, live)
                    changes.append(written)
                    outcome = ChangeOutcome(
                        change.product_id,
                        written.sequence,
                        warnings=live.warnings(written.product) if written.product else (),
                    )
                except EngineError as error:
                    outcome = _refusal(change.product_id, error)
            outcomes.append(outcome)
        if changes or request_id:
            said = orjson.dumps([asdict(outcome) for outcome in outcomes])
            group.written.append(WrittenRequest(request_id, said, changes))
            if request_id:
                group.known[request_id] = said
        return ChangeResult(tuple(outcomes), 0, live.generation_id)

    def _change(
        self, change: ProductChange, prepared: _Prepared, group: _Group, live: LiveGeneration
    ) -> WrittenChange:
        product_id = change.product_id
        if product_id in group.now:
            before, vector = group.now[product_id]
        else:
            before, vector = live.state.product(product_id), live.state.slot_vector(product_id)
        # An upsert that is wrong was refused before.
        product = change.product if isinstance(change, ProductUpsert) else self._wanted(change, before)
        if product is None:
            vector = None
        else:
            vector = self._vector(product, before, vector, prepared, live)
            if live.state.takes_slot(product):
                if live.state.slots + group.slots >= self._most_slots:
                    raise _full(self._most_slots)
                group.slots += 1
        group.now[product_id] = product, vector
        group.sequence += 1
        encoder = "" if vector is None else live.fingerprint
        return WrittenChange(group.sequence, product_id, product, vector, encoder)

    def _vector(
        self,
        product: Product,
        before: Product | None,
        kept: FloatArray | None,
        prepared: _Prepared,
        live: LiveGeneration,
    ) -> FloatArray | None:
        """`kept` is what is known of the product before; None where the generation has it."""
        text = embedding_text(product)
        if text in prepared.made and prepared.fingerprint == live.fingerprint:
            return prepared.made[text]
        if before is not None and embedding_text(before) == text:
            return kept
        return live.embed([product])[0]


def _full(most: int) -> OverloadedError:
    return OverloadedError(
        f"The live changes hold {most:,} products with new words, as many as they may; build a generation "
        "from them (index_builder build --from-live), or allow more (--live-products).",
        most=most,
    )


def _refusal(product_id: str, error: EngineError) -> ChangeOutcome:
    field = error.field if isinstance(error, InvalidArgumentError) else ""
    return ChangeOutcome(product_id, 0, error.reason, field, error.message)


def _read(said: bytes) -> tuple[ChangeOutcome, ...]:
    return tuple(
        ChangeOutcome(**(outcome | {"warnings": tuple(outcome["warnings"])}))
        for outcome in orjson.loads(said)
    )
