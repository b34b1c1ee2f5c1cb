from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from index_builder.train.queries.noise import NoisePlan
from index_builder.train.queries.pairs import collect, leaks
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.queries.shop_words import ShopWords
from index_builder.train.queries.source import Source

COLORS = ("black", "red", "blue", "green", "white", "pink", "grey", "gold", "teal", "navy")
KINDS = ("laptop", "mouse", "monitor", "cable", "printer", "tablet", "camera", "speaker", "router", "charger")
TEXTS = tuple(f"{color} {kind}" for color in COLORS for kind in KINDS)
SHOP = ShopWords(types=frozenset(KINDS))


def asked(text: str, origin: Origin = Origin.GRAPH, row: int = 0) -> TrainingQuery:
    return TrainingQuery(
        text, np.array([row, row + 1]), np.array([1, 0], np.float32), np.array([row]), origin
    )


def source(texts: Sequence[str], origin: Origin = Origin.GRAPH, weight: float = 1.0) -> Source:
    return Source(origin, [asked(text, origin, row) for row, text in enumerate(texts)], {}, weight)


def texts_of(queries: Sequence[TrainingQuery]) -> set[str]:
    return {query.text for query in queries}


def test_every_query_is_on_one_side() -> None:
    training = collect([source(TEXTS)], held_out_share=0.3)
    # .3 of 100 is more than the least of 20.
    assert (len(training.train), len(training.held_out)) == (70, 30)
    assert texts_of(training.train) | texts_of(training.held_out) == set(TEXTS)


_SAME = st.lists(
    st.sampled_from(TEXTS).flatmap(
        lambda text: st.sampled_from(
            [text, f"{text}s", " ".join(reversed(text.split())), text.replace(" ", ""), text.upper()]
        )
    ),
    max_size=60,
)


@given(_SAME, st.integers(0, 99), st.floats(0, 0.7))
def test_nothing_that_is_held_out_is_trained_in_other_words_of_the_same_wording(
    more: list[str], seed: int, share: float
) -> None:
    training = collect(
        [source([*TEXTS, *more])],
        held_out_share=share,
        seed=seed,
        words=SHOP,
        noise=NoisePlan(probability=0.5),
    )
    assert leaks(training.train, training.held_out) == []


def test_leaks_are_found() -> None:
    assert leaks([asked("laptops"), asked("red mouse")], [asked("Laptop"), asked("mouse")]) == ["laptops"]


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=30, unique=True), st.integers(0, 99))
def test_what_the_evaluation_asks_is_nowhere(evaluated: list[str], seed: int) -> None:
    sources = [source(TEXTS), source([f"{text}s" for text in TEXTS[:40]], Origin.JUDGEMENTS)]
    training = collect(sources, forbidden=evaluated, seed=seed, words=SHOP, noise=NoisePlan(probability=0.5))
    assert leaks([*training.train, *training.held_out], [asked(text) for text in evaluated]) == []
    told = training.report.dropped
    assert told["graph"]["asks what an evaluation query asks"] == len(evaluated)


OTHERS = [f"{how} {text}" for how in ("cheap", "best") for text in TEXTS]


def test_judged_queries_are_held_out_where_there_are_enough() -> None:
    training = collect([source(OTHERS), source(TEXTS, Origin.JUDGEMENTS)], held_out_share=0.3)
    assert {query.origin for query in training.held_out} == {Origin.JUDGEMENTS}
    assert len(training.held_out) == 30


@pytest.mark.parametrize("judged", [TEXTS, TEXTS[:1]])
def test_a_few_judged_queries_cannot_say_when_to_stop(judged: list[str]) -> None:
    """Of a hundred a quarter may be held out, which is too few to tell two models apart."""
    training = collect([source(OTHERS), source(judged, Origin.JUDGEMENTS)])
    assert {query.origin for query in training.held_out} == {Origin.GRAPH}
    assert set(judged) <= texts_of(training.train)


def test_composed_queries_with_the_wording_of_a_held_out_one_are_on_neither_side() -> None:
    judged = source(TEXTS, Origin.JUDGEMENTS)
    training = collect([source([f"{text}s" for text in TEXTS]), judged], held_out_share=0.3)
    gone = {f"{text}s" for text in texts_of(training.held_out)}
    assert len(gone) == 30
    assert texts_of(training.train) == {f"{text}s" for text in TEXTS} - gone | set(TEXTS) - texts_of(
        training.held_out
    )
    assert training.report.dropped["graph"] == {"asks what a held-out query asks": 30}


def test_a_text_of_two_origins_is_one_query_of_the_stronger() -> None:
    training = collect([source(TEXTS), source(TEXTS[:1], Origin.EVENTS, weight=2.0)], held_out_share=0.0)
    (one,) = [query for query in training.train if query.text == TEXTS[0]]
    assert (one.origin, one.weight) == (Origin.EVENTS, 2.0)
    assert len(training.train) == len(TEXTS)
    assert training.report.dropped["graph"] == {"same text as another": 1}


def test_only_composed_queries_are_made_noisy() -> None:
    sources = [source(TEXTS[:50], Origin.JUDGEMENTS), source(TEXTS[50:])]
    training = collect(sources, words=SHOP, noise=NoisePlan(probability=1.0), held_out_share=0.0)
    written = texts_of([query for query in training.train if query.origin is Origin.JUDGEMENTS])
    assert written == set(TEXTS[:50])
    assert sum(training.report.noise.values()) == len(texts_of(training.train) - set(TEXTS)) > 0


def test_the_seed_decides() -> None:
    def drawn(seed: int) -> list[str]:
        return [query.text for query in collect([source(TEXTS)], seed=seed, words=SHOP).train]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_too_few_queries_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"only 19 queries to learn from; training needs at least 20"):
        collect([source(TEXTS[:19])], held_out_share=0.0)
    with pytest.raises(ConfigError, match="only 0 queries"):
        collect([])


def test_the_report_counts_pairs_by_grade_and_queries_by_kind() -> None:
    report = collect([source(TEXTS)], held_out_share=0.3).report
    assert report.train == {"graph": {"graph": 70}}
    assert report.held_out == {"graph": {"graph": 30}}
    assert report.grades == {"0.0": 100, "1.0": 100}
    assert (report.pairs, report.answers) == (200, 100)


def test_labels_that_tell_nothing_apart_are_told() -> None:
    rows = np.array([1])
    good = [TrainingQuery(text, rows, np.ones(1, np.float32), rows, Origin.JUDGEMENTS) for text in TEXTS]
    (note,) = collect([Source(Origin.JUDGEMENTS, good)]).report.notes
    assert "judgements" in note
