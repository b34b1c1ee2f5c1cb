import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.deadline import Deadline
from engine.stages.affinity import Pool
from engine.stages.gather import Gather, Question
from engine.stages.retrieve import Source
from engine.stages.vote import PastQueryVotes
from engine.types import Candidates, FloatArray, Mask, PastQuery
from tests.unit.stages.vector_fakes import ExactVectors, ExactWords

INK, PEN, HOSE = 0, 1, 2
VECTORS = ExactVectors(np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], np.float32))
ASK_INK = np.array([1.0, 0.0], np.float32)


class OnePastQuery:
    def __len__(self) -> int:
        return 1

    def get(self, row: int) -> PastQuery:
        return PastQuery("ink", 1, np.array([PEN]))

    def suggest(self, prefix: str, limit: int) -> Sequence[PastQuery]:
        return ()


@pytest.fixture
def gather() -> Iterator[Gather]:
    votes = PastQueryVotes(ExactVectors(ASK_INK[np.newaxis]), OnePastQuery())
    with ThreadPoolExecutor(2) as executor:
        yield Gather(ExactWords(["black ink", "black pen", "hose"]), VECTORS, votes, executor)


def question(text: str = "black ink", mask: Mask | None = None, limit: int = 3) -> Question:
    return Question(
        text,
        limit,
        mask,
        (),
        lambda limit, mask: Pool(
            Candidates.ranked(np.array([HOSE]), np.array([1.0], np.float32), limit=limit)
        ),
    )


def ask_ink() -> FloatArray:
    return ASK_INK


def test_every_source_answers_for_itself(gather: Gather) -> None:
    gathered = gather(question(), ask_ink, frozenset(), Deadline.none())

    assert {name: found.rows.tolist() for name, found in gathered.sources.items()} == {
        Source.LEXICAL: [INK, PEN],
        Source.DENSE: [INK, PEN, HOSE],
        Source.GRAPH: [HOSE],
        Source.PAST_QUERIES: [PEN],
    }
    assert gathered.late == ()


@pytest.mark.parametrize("source", Source)
def test_a_disabled_source_is_not_asked(gather: Gather, source: Source) -> None:
    gathered = gather(question(), ask_ink, frozenset({source}), Deadline.none())

    assert source not in gathered.sources
    assert source not in gathered.late


def test_without_time_to_embed_the_dense_sources_are_late(gather: Gather) -> None:
    gathered = gather(question(), None, frozenset(), Deadline.none())

    assert set(gathered.late) == {Source.DENSE, Source.PAST_QUERIES}
    assert gathered.vector is None
    assert gathered.sources[Source.LEXICAL].rows.tolist() == [INK, PEN]


def test_a_source_that_misses_the_deadline_is_late_and_the_others_count(gather: Gather) -> None:
    def slow(limit: int, mask: Mask | None) -> Pool:
        time.sleep(0.5)
        return Pool(Candidates.none())

    slow_question = Question("black ink", 3, None, (), slow)

    gathered = gather(slow_question, ask_ink, frozenset(), Deadline.after(0.15))

    assert gathered.late == (Source.GRAPH,)
    assert gathered.sources[Source.DENSE].rows.tolist() == [INK, PEN, HOSE]


def test_the_mask_reaches_words_vectors_and_votes(gather: Gather) -> None:
    only_pen = np.array([False, True, False])

    gathered = gather(question(mask=only_pen), ask_ink, frozenset({Source.GRAPH}), Deadline.none())

    assert all(found.rows.tolist() == [PEN] for found in gathered.sources.values())


def tied(limit: int, mask: Mask | None) -> Pool:
    """The graph is sure of the hose, and cannot tell ink and pen apart."""
    above = Candidates(np.array([HOSE]), np.array([2.0], np.float32), complete=False)
    return Pool(above, np.array([True, True, False]), 1.0)


def test_the_embedding_chooses_among_products_that_the_graph_cannot_tell_apart(gather: Gather) -> None:
    asked = Question("x", 2, None, (), tied)

    found = gather(asked, ask_ink, frozenset(), Deadline.none()).sources[Source.GRAPH]

    assert found.rows.tolist() == [HOSE, INK]  # room for one of the two
    assert found.scores.tolist() == [2.0, 1.0]
    assert not found.complete


def test_without_an_embedding_products_that_tie_are_left_out_together(gather: Gather) -> None:
    asked = Question("x", 2, None, (), tied)

    found = gather(asked, None, frozenset(), Deadline.none()).sources[Source.GRAPH]

    assert found.rows.tolist() == [HOSE]


def test_a_shifted_embedding_adds_its_neighbours_ranked_by_the_query_itself(gather: Gather) -> None:
    towards_hose = np.array([0.0, 1.0], np.float32)
    asked = Question("x", 1, None, (), None, shift=lambda vector: towards_hose)

    found = gather(asked, ask_ink, frozenset(), Deadline.none()).sources[Source.DENSE]

    assert found.rows.tolist() == [INK, HOSE]
    assert found.scores.tolist() == pytest.approx([1.0, 0.0])
