"""Training queries made from the catalogue and its graph alone: no clicks, no judgements needed.

Three kinds are drawn: those that name a type of product and nothing else (there, word search errs most),
those that say words of a product's own title, and everything else that the graph composes: brands, series,
colours, sizes, materials, what a thing is for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.backends.graph_tables import GraphTables
from engine.types import Product, RowArray
from index_builder.graph.compose import ComposedQuery
from index_builder.train.queries.look_alikes import LookAlikes
from index_builder.train.queries.noise import plural
from index_builder.train.queries.query import Origin, TrainingPair, TrainingQuery
from index_builder.train.queries.row_drawer import RowDrawer
from index_builder.train.queries.source import Source
from index_builder.train.queries.spoken import brand_queries, spoken
from index_builder.train.queries.title_queries import TitleQueries, TitleQuery
from index_builder.train.queries.wording import ForbiddenTexts

TITLE, FORBIDDEN = "title", "asks what an evaluation query asks"
_PLURAL_SHARE = 0.15
_LETTER = re.compile("[a-rt-z]")


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """`type_share` and `title_share` of the draws name a type, or words of a title; the rest is drawn alike
    from whatever else is composed. Titles have a larger share where little is composed. Each draw has up to
    `positives` answers. A text drawn again gains other products, and counts as often as it was drawn, at
    most `heaviest` times.
    """

    type_share: float = 0.4
    title_share: float = 0.15
    positives: int = 3
    heaviest: int = 4


class ComposedSource:
    """Built once per shop; `draw` may be asked again with another seed for other queries and products."""

    def __init__(
        self,
        products: Sequence[Product],
        composed: Sequence[ComposedQuery],
        tables: GraphTables,
        *,
        forbidden: Iterable[str] = (),
        plan: DrawPlan | None = None,
    ) -> None:
        """Nothing is drawn that asks for the same in the same words as a text in `forbidden`."""
        self._plan = plan or DrawPlan()
        self._likes = LookAlikes(products, tables)
        self._titles = TitleQueries(products, self._likes.titles)
        self._forbidden = ForbiddenTexts(forbidden)
        asked = [*spoken(composed, products, tables, self._likes), *brand_queries(self._likes, composed)]
        allowed = [query for query in asked if query.text not in self._forbidden]
        sure = [replace(query, rows=self._likes.sure(query)) for query in allowed]
        self._composed = [query for query in sure if len(query.rows)]
        unspoken = {query.text for query in composed} - {query.text for query in asked}
        self._dropped = {
            "not how shoppers write": len(unspoken),
            FORBIDDEN: len(asked) - len(allowed),
            "no answer is sure": len(sure) - len(self._composed),
        }

    def draw(self, draws: int, *, seed: int) -> Source:
        """As many draws, merged by text, in the order of their first draw; the same seed gives the same."""
        rows = RowDrawer(self._likes, np.random.default_rng(seed))
        found: dict[str, _Draft] = {}
        dropped = Counter(self._dropped)
        for text, query in self._draws(draws, rows.chance):
            if text in self._forbidden:
                dropped[FORBIDDEN] += 1
            elif isinstance(query, TitleQuery):
                _add(found, text, TITLE, query.answers, rows.for_title(query, self._plan.positives))
            else:
                drawn = rows.for_composed(query, self._plan.positives)
                _add(found, text, query.pattern, rows.answers(query), drawn)
        queries = [draft.finished(text, self._plan.heaviest) for text, draft in found.items()]
        return Source(Origin.GRAPH, queries, {reason: count for reason, count in dropped.items() if count})

    def _draws(
        self, draws: int, chance: np.random.Generator
    ) -> Iterator[tuple[str, ComposedQuery | TitleQuery]]:
        composed = draw_queries(self._composed, chance, type_share=self._plan.type_share, again=False)
        # Where the graph composes little, titles make up for it rather than the same few queries again.
        share = max(self._plan.title_share, 1 - self._plan.heaviest * len(self._composed) / max(draws, 1))
        for _ in range(draws):
            if chance.random() < share or not self._composed:
                title = self._titles.draw(chance)
                if title:
                    yield title.text, title
            else:
                yield next(composed)


@dataclass(slots=True)
class _Draft:
    kind: str
    answers: RowArray
    grades: dict[int, float] = field(default_factory=dict)
    times: int = 0

    def finished(self, text: str, heaviest: int) -> TrainingQuery:
        return TrainingQuery(
            text,
            np.fromiter(self.grades, np.int64, len(self.grades)),
            np.fromiter(self.grades.values(), np.float32, len(self.grades)),
            self.answers,
            Origin.GRAPH,
            float(min(self.times, heaviest)),
            self.kind,
        )


def _add(
    found: dict[str, _Draft], text: str, kind: str, answers: RowArray, rows: Sequence[tuple[int, float]]
) -> None:
    """The first meaning of a text stands; what another says of it is left out."""
    draft = found.setdefault(text, _Draft(kind, answers))
    if draft.kind == kind and np.array_equal(draft.answers, answers):
        draft.times += 1
        for row, grade in rows:
            draft.grades[row] = max(draft.grades.get(row, 0.0), grade)


def draw_queries(
    composed: Sequence[ComposedQuery], chance: np.random.Generator, *, type_share: float, again: bool
) -> Iterator[tuple[str, ComposedQuery]]:
    """Queries without end, each with the words it is asked in; none when there are none.

    The chance of each type is the root of its product count. The others are drawn alike: with `again` any
    time any, else all of them before one comes twice.
    """
    kinds = [query for query in composed if query.pattern == "type"]
    others = [query for query in composed if query.pattern != "type"]
    chances = np.sqrt([query.count for query in kinds])
    chances /= chances.sum() if kinds else 1.0
    left: list[int] = []
    while composed:
        if kinds and (not others or chance.random() < type_share):
            query = kinds[int(chance.choice(len(kinds), p=chances))]
            wanted = chance.random() < _PLURAL_SHARE and _LETTER.match(query.text[-1])
            yield (plural(query.text) if wanted else query.text), query
        elif again:
            query = others[int(chance.integers(len(others)))]
            yield query.text, query
        else:
            left = left or chance.permutation(len(others)).tolist()
            query = others[left.pop()]
            yield query.text, query


def make_training_pairs(
    products: Sequence[Product],
    composed: Sequence[ComposedQuery],
    tables: GraphTables,
    product_text: Callable[[Product], str],
    *,
    limit: int,
    seed: int = 7,
) -> list[TrainingPair]:
    """At most `limit` pairs; the same input and seed give the same ones.

    The pairs of one drawn query stand together, its positive first, so that they may be read as a list. Half
    of the queries drawn name a type alone.
    """
    rows = RowDrawer(LookAlikes(products, tables), np.random.default_rng(seed))
    pairs: list[TrainingPair] = []
    for text, query in draw_queries(composed, rows.chance, type_share=0.5, again=True):
        drawn = rows.for_composed(query, 1)
        pairs.extend(TrainingPair(text, product_text(products[row]), grade) for row, grade in drawn)
        if len(pairs) >= limit:
            break
    return pairs[:limit]
