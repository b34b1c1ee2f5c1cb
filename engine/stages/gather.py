"""Stage 3: ask every source at once, each for its own best products under the same filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import partial
from math import isinf
from typing import TypeVar

import numpy as np

from engine.deadline import Deadline
from engine.stages.affinity import Pool
from engine.stages.retrieve import LexicalIndex, Source, VectorIndex
from engine.stages.vote import PastQueryVotes, Votes
from engine.types import Candidates, FloatArray, Mask

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Question:
    """One search as the sources see it.

    `expansions` are extra phrases with their boosts; `graph` gives the products that hang on the entities;
    `shift` moves the embedding towards them.
    """

    text: str
    limit: int
    mask: Mask | None
    expansions: tuple[tuple[str, float], ...]
    graph: Callable[[int, Mask | None], Pool] | None
    shift: Callable[[FloatArray], FloatArray] | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What each source that was asked gave; `late` names those that did not answer in time. `vector` is the
    query's embedding (dimension,), None when there is none.
    """

    sources: Mapping[str, Candidates]
    vector: FloatArray | None = None
    votes: Votes | None = None
    late: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Gather:
    """With an executor, words and graph are asked in other threads while this one embeds the query and asks
    the vectors; without one they are asked first, which is better where they take no longer than waking a
    thread does.
    """

    lexical: LexicalIndex
    products: VectorIndex
    past_queries: PastQueryVotes
    executor: Executor | None

    def __call__(
        self,
        question: Question,
        embed: Callable[[], FloatArray] | None,
        disabled: frozenset[Source],
        deadline: Deadline,
    ) -> Gathered:
        """`embed` gives the query's embedding, float32 (dimension,); None when there is no time for it."""
        started = self._start(question, disabled)
        sources: dict[str, Candidates] = {}
        late: list[Source] = []
        votes, vector = None, None
        dense = {Source.DENSE, Source.PAST_QUERIES} - disabled
        if dense and embed is not None:
            vector = embed()
            if Source.DENSE in dense:
                sources[Source.DENSE] = self._nearest(vector, question)
            if Source.PAST_QUERIES in dense:
                votes = self.past_queries(vector, question.limit, question.mask)
                sources[Source.PAST_QUERIES] = votes.candidates
        else:
            late.extend(sorted(dense))
        for source, future in started.items():
            found = _wait(future, deadline)
            if found is None:
                late.append(source)
            elif isinstance(found, Pool):
                sources[source] = self._chosen(found, vector, question.limit)
            else:
                sources[source] = found
        return Gathered(sources, vector, votes, tuple(late))

    def _words(self, question: Question) -> Candidates | Pool:
        return self.lexical.search(
            question.text, question.limit, expansions=question.expansions, mask=question.mask
        )

    def _nearest(self, vector: FloatArray, question: Question) -> Candidates:
        """By the query's embedding and, where that is wanted, by the shifted one, too."""
        if question.shift is None:
            return self.products.search(vector[np.newaxis], question.limit, question.mask)[0]
        both = np.stack([vector, question.shift(vector)])
        near, shifted = self.products.search(both, question.limit, question.mask)
        rows = np.union1d(near.rows, shifted.rows)
        complete = near.complete and shifted.complete
        return Candidates.ranked(
            rows, self.products.vectors(rows) @ vector, limit=len(rows), complete=complete
        )

    def _chosen(self, pool: Pool, vector: FloatArray | None, limit: int) -> Candidates:
        """The embedding chooses among products that are the same to the graph."""
        above, room = pool.candidates, limit - len(pool.candidates)
        if pool.tied is None or vector is None or not room:
            return above
        nearest = self.products.search(vector[np.newaxis], room, pool.tied)[0]
        return Candidates(
            np.concatenate([above.rows, nearest.rows]),
            np.concatenate([above.scores, np.full(len(nearest), pool.score, np.float32)]),
            complete=False,
        )

    def _start(
        self, question: Question, disabled: frozenset[Source]
    ) -> dict[Source, Future[Candidates | Pool]]:
        started: dict[Source, Future[Candidates | Pool]] = {}
        if Source.LEXICAL not in disabled:
            started[Source.LEXICAL] = self._ask(lambda: self._words(question))
        if Source.GRAPH not in disabled and question.graph is not None:
            started[Source.GRAPH] = self._ask(partial(question.graph, question.limit, question.mask))
        return started

    def _ask(self, source: Callable[[], Candidates | Pool]) -> Future[Candidates | Pool]:
        if self.executor is not None:
            return self.executor.submit(source)
        asked: Future[Candidates | Pool] = Future()
        asked.set_result(source())
        return asked


def _wait(future: Future[Found], deadline: Deadline) -> Found | None:
    remaining = deadline.remaining()
    try:
        return future.result(None if isinf(remaining) else max(0.0, remaining))
    except FutureTimeoutError:
        future.cancel()
        return None
