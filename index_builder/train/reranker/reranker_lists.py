"""Which graded lists the reranker learns from, and what has to be said of them before hours are spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.errors import ConfigError
from index_builder.train.queries.merging import strength
from index_builder.train.queries.query import ANSWERS_FROM, TrainingQuery

MIN_PAIRS = 100
_BORROWED = 4


def check_labels(queries: Sequence[TrainingQuery]) -> None:
    """Raises ConfigError for too few pairs and for labels of one side."""
    pairs = sum(len(query.rows) for query in queries)
    if pairs < MIN_PAIRS:
        raise ConfigError(
            f"There are {pairs} training pairs in {len(queries)} queries; a reranker needs {MIN_PAIRS} "
            "or more. Give more judgements or events, or a graph, from which queries are composed.",
            pairs=pairs,
        )
    answers = sum(int(np.count_nonzero(query.grades >= ANSWERS_FROM)) for query in queries)
    if answers == 0:
        raise ConfigError(
            f"None of the {pairs} training pairs answers its query, so that there is nothing to put first; "
            "give judgements that rate some products high.",
            pairs=pairs,
        )
    if answers == pairs:
        raise ConfigError(
            f"All of the {pairs} training pairs answer their query, so that there is nothing to put last; "
            "give judgements of products that do not, or leave mining of negatives on.",
            pairs=pairs,
        )


def learnable(
    queries: Sequence[TrainingQuery], *, list_size: int, max_pairs: int, seed: int
) -> list[TrainingQuery]:
    """Lists of at most `list_size` products, about `max_pairs` pairs together; the same for the same seed.

    What people judged or did comes first, so that composed queries only fill what is left. Long lists are
    dealt out by falling grade, so that each part has every grade. A query that all of its products answer
    borrows a few of other queries' products, whatever it is known to be answered by aside.
    """
    chance = np.random.default_rng(seed)
    pool = np.unique(np.concatenate([query.rows for query in queries]))
    lists: list[TrainingQuery] = []
    pairs = 0
    order = chance.permutation(len(queries)).tolist()
    for place in sorted(order, key=lambda place: strength(queries[place].origin), reverse=True):
        if pairs >= max_pairs:
            break
        query = queries[place]
        if np.all(query.grades >= ANSWERS_FROM):
            query = _with_borrowed(query, pool, chance)
        parts = _dealt(query, list_size, chance)
        lists.extend(parts)
        pairs += sum(len(part.rows) for part in parts)
    return lists


def some_of(queries: Sequence[TrainingQuery], *, max_pairs: int, seed: int) -> list[TrainingQuery]:
    """Whole queries, drawn by `seed`, until they have `max_pairs` pairs."""
    drawn: list[TrainingQuery] = []
    pairs = 0
    for place in np.random.default_rng(seed).permutation(len(queries)).tolist():
        if pairs >= max_pairs:
            break
        drawn.append(queries[place])
        pairs += len(queries[place].rows)
    return drawn


def _with_borrowed(
    query: TrainingQuery, pool: np.ndarray[tuple[int], np.dtype[np.int64]], chance: np.random.Generator
) -> TrainingQuery:
    tried = chance.choice(pool, min(len(pool), 4 * _BORROWED), replace=False)
    known = np.union1d(query.rows, query.answers)
    rows = np.setdiff1d(tried, known)[:_BORROWED]
    grades = np.zeros(len(rows), np.float32)
    return replace(query, rows=np.append(query.rows, rows), grades=np.append(query.grades, grades))


def _dealt(query: TrainingQuery, list_size: int, chance: np.random.Generator) -> list[TrainingQuery]:
    count = -(-len(query.rows) // list_size)
    if count <= 1:
        return [query] if len(query.rows) else []
    order = np.lexsort((chance.random(len(query.rows)), -query.grades))
    parts = [np.sort(order[start::count]) for start in range(count)]
    return [replace(query, rows=query.rows[part], grades=query.grades[part]) for part in parts]
