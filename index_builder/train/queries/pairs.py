"""All sources together: one set of training queries, without duplicates, split so that nothing leaks.

Queries are split, not pairs: what is held out is asked in words that training never sees, whatever their
order, number or blanks (train/queries/wording.py). The evaluation's own queries are kept out altogether.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import ConfigError
from index_builder.train.queries.merging import merged, strength
from index_builder.train.queries.noise import NoisePlan, add_noise
from index_builder.train.queries.pair_report import PairReport, by_kind, grade_histogram
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.queries.shop_words import ShopWords
from index_builder.train.queries.source import Source
from index_builder.train.queries.wording import ForbiddenTexts, wording

MIN_QUERIES = 20
MIN_HELD_OUT = 30
"""Fewer queries cannot tell two models apart (the mean nDCG of thirty is known to about .06), so that a
weaker origin with enough of them says when to stop.
"""
_EVALUATED, _HELD_OUT = "asks what an evaluation query asks", "asks what a held-out query asks"
_REPEATED = "same text as another"


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """`train` in random order; `held_out`, sorted by text, all of the strongest origin that has enough."""

    train: Sequence[TrainingQuery]
    held_out: Sequence[TrainingQuery]
    report: PairReport


def collect(
    sources: Sequence[Source],
    *,
    forbidden: Iterable[str] = (),
    held_out_share: float = 0.05,
    seed: int = 0,
    words: ShopWords | None = None,
    noise: NoisePlan | None = None,
) -> TrainingSet:
    """One set of all sources; the same input and seed give the same set.

    `forbidden` are the texts of the evaluation queries. `held_out_share` in [0, 1) is that of the queries of
    the origin that is held out: judged ones if there are enough, else events, else composed ones; at least 30
    or a quarter of them, and none with 0. With `words`, queries composed from the graph are made noisy.

    Raises ConfigError when fewer than 20 queries are left to learn from.
    """
    kept_out = ForbiddenTexts(forbidden)
    dropped: dict[str, Counter[str]] = {source.origin.value: Counter() for source in sources}
    queries: list[TrainingQuery] = []
    for source in sources:
        told = dropped[source.origin]
        told.update(source.dropped)
        for query in source.queries:
            if query.text in kept_out or not wording(query.text):
                told[_EVALUATED if wording(query.text) else "no letters"] += 1
            else:
                queries.append(replace(query, weight=query.weight * source.weight))
    once = merged(queries)
    _tell_repeated(queries, once, dropped)
    train, held_out = _split(once, held_out_share, np.random.default_rng(seed), dropped)
    _check_enough(train)
    made: Counter[str] = Counter()
    if words is not None:
        evaluated = kept_out.wordings
        held_out = _noisy(held_out, words, evaluated | _wordings(train), noise, seed + 1, made)
        train = _noisy(train, words, evaluated | _wordings(held_out), noise, seed, made)
    return TrainingSet(train, held_out, _report(train, held_out, dropped, made))


def leaks(train: Iterable[TrainingQuery], held_out: Iterable[TrainingQuery]) -> list[str]:
    """Texts of `train` that ask for the same in the same words as one in `held_out`, sorted."""
    kept = _wordings(held_out)
    return sorted({query.text for query in train if wording(query.text) in kept})


def _split(
    queries: Sequence[TrainingQuery],
    share: float,
    chance: np.random.Generator,
    dropped: Mapping[str, Counter[str]],
) -> tuple[list[TrainingQuery], list[TrainingQuery]]:
    """Train in random order, and held out. Queries of a weaker origin with the wording of a held-out one are
    on neither side.
    """
    groups: dict[str, list[TrainingQuery]] = {}
    for query in queries:
        groups.setdefault(wording(query.text), []).append(query)
    by_origin: dict[Origin, list[str]] = {}
    for key in sorted(groups):
        strongest = max(groups[key], key=lambda query: strength(query.origin)).origin
        by_origin.setdefault(strongest, []).append(key)
    origin = _held_out_origin(by_origin, share)
    keys = by_origin.get(origin, []) if origin else []
    held = {keys[place] for place in chance.permutation(len(keys))[: _wanted(len(keys), share)].tolist()}
    train = [query for query in queries if wording(query.text) not in held]
    there = [query for key in sorted(held) for query in groups[key]]
    for query in there:
        if query.origin is not origin:
            dropped[query.origin][_HELD_OUT] += 1
    held_out = sorted((query for query in there if query.origin is origin), key=lambda query: query.text)
    return [train[int(place)] for place in chance.permutation(len(train))], held_out


def _held_out_origin(by_origin: Mapping[Origin, Sequence[str]], share: float) -> Origin | None:
    """The strongest with enough to hold out; where none has, the one with most."""
    strongest = sorted(by_origin, key=strength, reverse=True)
    for origin in strongest:
        if _wanted(len(by_origin[origin]), share) >= MIN_HELD_OUT:
            return origin
    return max(strongest, key=lambda origin: len(by_origin[origin]), default=None)


def _wanted(count: int, share: float) -> int:
    return max(round(share * count), min(MIN_HELD_OUT, count // 4)) if share > 0 else 0


def _noisy(
    queries: Sequence[TrainingQuery],
    words: ShopWords,
    taken: frozenset[str],
    plan: NoisePlan | None,
    seed: int,
    made: Counter[str],
) -> list[TrainingQuery]:
    """Only composed queries are changed: the others were written by people."""
    composed = [query for query in queries if query.origin is Origin.GRAPH]
    others = [query for query in queries if query.origin is not Origin.GRAPH]
    said = taken | _wordings(others)
    changed, counts = add_noise(composed, words, taken=said, plan=plan, seed=seed)
    made.update(counts)
    return [*others, *changed]


def _wordings(queries: Iterable[TrainingQuery]) -> frozenset[str]:
    return frozenset(wording(query.text) for query in queries)


def _tell_repeated(
    queries: Sequence[TrainingQuery], once: Sequence[TrainingQuery], dropped: Mapping[str, Counter[str]]
) -> None:
    """A text that several origins say counts for the strongest."""
    given = Counter(query.origin for query in queries)
    given.subtract(Counter(query.origin for query in once))
    for origin, count in given.items():
        if count:
            dropped[origin][_REPEATED] += count


def _check_enough(train: Sequence[TrainingQuery]) -> None:
    if len(train) < MIN_QUERIES:
        raise ConfigError(
            f"There are only {len(train)} queries to learn from; training needs at least {MIN_QUERIES}. Give "
            "more products, judgements or events, or hold fewer queries out.",
            queries=len(train),
        )


def _report(
    train: Sequence[TrainingQuery],
    held_out: Sequence[TrainingQuery],
    dropped: Mapping[str, Counter[str]],
    made: Counter[str],
) -> PairReport:
    histogram, answering = grade_histogram([*train, *held_out])
    notes = []
    for origin in Origin:
        of = [query for query in train if query.origin is origin]
        if of and all(len(np.unique(query.grades)) < 2 for query in of):
            notes.append(
                f"The {origin} tell no better product from a worse one; negatives must come from elsewhere."
            )
    return PairReport(
        by_kind(train),
        by_kind(held_out),
        histogram,
        answering,
        {origin: dict(sorted(told.items())) for origin, told in dropped.items() if told},
        dict(sorted(made.items())),
        tuple(notes),
    )
