"""Training queries from a shop's own judgements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.errors import ConfigError
from index_builder.judgements import Judgements
from index_builder.train.queries.query import ANSWERS_FROM, Origin, TrainingQuery
from index_builder.train.queries.source import ORIGIN_WEIGHTS, Source

MIN_QUERIES = 20
_EXAMPLES = 3
KIND = "judged"
UNKNOWN, ONE_SIDED = (
    "judged products that are not in the catalogue",
    "queries whose products are all rated alike",
)
_NO_PRODUCT = "queries without an answer in the catalogue"


def judged_source(
    judgements: Judgements, row_of: Mapping[str, int], *, min_queries: int = MIN_QUERIES
) -> Source:
    """A query for each judged one that has an answer in the catalogue (`row_of`: row by product id).

    Grades are ratings divided by the largest of the set, those below 0 counting 0. Products from half of
    that up answer a query, and so do its best ones, whose grade is raised to that. `dropped` also tells of
    products that are unknown, and of one-sided queries, which are kept: they say nothing of what is worse,
    but an encoder learns from other queries' products. Raises ConfigError when more than half of the judged
    products are unknown or fewer than `min_queries` queries are left.
    """
    _check_known(judgements, row_of)
    best = max(rating for rated in judgements.ratings.values() for rating in rated.values())
    queries, dropped = [], {UNKNOWN: 0, _NO_PRODUCT: 0, ONE_SIDED: 0}
    for query_id, text in judgements.queries.items():
        rated = judgements.ratings[query_id]
        known = {row_of[each]: max(0.0, rating / best) for each, rating in rated.items() if each in row_of}
        dropped[UNKNOWN] += len(rated) - len(known)
        if not known or max(known.values()) <= 0:
            dropped[_NO_PRODUCT] += 1
            continue
        query = _query(text, known)
        dropped[ONE_SIDED] += len(set(known.values())) == 1
        queries.append(query)
    if len(queries) < min_queries:
        raise ConfigError(
            f"Only {len(queries)} judged queries have an answer in the catalogue; training from judgements "
            f"needs at least {min_queries}. Judge more queries, or train from the catalogue alone (without "
            "--qrels).",
            queries=len(queries),
        )
    told = {reason: count for reason, count in dropped.items() if count}
    return Source(Origin.JUDGEMENTS, queries, told, ORIGIN_WEIGHTS[Origin.JUDGEMENTS])


def one_sided(source: Source) -> bool:
    """Whether no query tells a better product from a worse one: enough for an encoder, not for a reranker."""
    return all(len(np.unique(query.grades)) < 2 for query in source.queries)


def _query(text: str, known: Mapping[int, float]) -> TrainingQuery:
    rows = np.array(sorted(known, key=lambda row: (-known[row], row)), np.int64)
    grades = np.array([known[int(row)] for row in rows], np.float32)
    grades[grades == grades.max()] = max(ANSWERS_FROM, float(grades.max()))
    answers = np.sort(rows[grades >= ANSWERS_FROM])
    return TrainingQuery(text, rows, grades, answers, Origin.JUDGEMENTS, kind=KIND)


def _check_known(judgements: Judgements, row_of: Mapping[str, int]) -> None:
    judged = {product_id for rated in judgements.ratings.values() for product_id in rated}
    unknown = sorted(judged - row_of.keys())
    if 2 * len(unknown) > len(judged):
        raise ConfigError(
            f"{len(unknown)} of the {len(judged)} judged products are not in the catalogue, among them "
            f"{', '.join(unknown[:_EXAMPLES])}. Judgements must name products by the catalogue's ids; check "
            "that they belong to this catalogue and that the id column is mapped.",
            unknown=len(unknown),
        )
