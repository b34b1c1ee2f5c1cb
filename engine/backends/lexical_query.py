"""A shopper's words as a tantivy query, made of terms that the index knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from tantivy import Occur, Query

from engine.backends.lexical_layout import CODES, EVERYTHING, ROW, TITLE, FieldWeights
from engine.backends.lexical_terms import query_codes, unique_terms
from engine.types import RowArray

MOST_TERMS = 32
"""A query counts as far as its 32nd different word; 10,000 characters must not cost a thousand list reads."""
_MOST_EXPANSION_TERMS = 16


@dataclass(frozen=True, slots=True)
class LexicalQueryBuilder:
    """`searcher` says how many products hold a term; terms that none holds are left out."""

    schema: Any
    searcher: Any
    weights: FieldWeights

    def build(self, text: str, expansions: Sequence[tuple[str, float]]) -> Any | None:
        """A query that any one of its words satisfies; None when the index knows none of them."""
        clauses = [clause for term in unique_terms(text, MOST_TERMS) for clause in self._word(term)]
        clauses += [
            self._weighted(CODES, code, self.weights.code)
            for code in query_codes(text)
            if self._holders(CODES, code)
        ]
        clauses += [clause for phrase, boost in expansions for clause in self._expansion(phrase, boost)]
        return self._any(clauses) if clauses else None

    def restricted(self, query: Any, rows: RowArray) -> Any:
        """The same query with the same scores, over these rows only."""
        allowed = Query.const_score_query(Query.term_set_query(self.schema, ROW, rows.tolist()), 0.0)
        return Query.boolean_query([(Occur.Must, allowed), (Occur.Must, query)])

    def _word(self, term: str) -> list[Any]:
        holders = self._holders(EVERYTHING, term)
        if not holders:
            return []
        held = Query.term_query(self.schema, EVERYTHING, term)
        clauses = [held, Query.const_score_query(held, self.weights.lower_bound * self._idf(holders))]
        if self._holders(TITLE, term):
            clauses.append(self._weighted(TITLE, term, self.weights.title_boost))
        return clauses

    def _expansion(self, phrase: str, boost: float) -> list[Any]:
        """One clause that all words of the phrase have to meet: half a phrase means something else."""
        words = unique_terms(phrase, _MOST_EXPANSION_TERMS)
        if not words or not all(self._holders(EVERYTHING, word) for word in words):
            return []
        every = [(Occur.Must, Query.term_query(self.schema, EVERYTHING, word)) for word in words]
        return [Query.boost_query(Query.boolean_query(every), boost)]

    def _weighted(self, field: str, term: str, weight: float) -> Any:
        return Query.boost_query(Query.term_query(self.schema, field, term), weight)

    def _any(self, clauses: Sequence[Any]) -> Any:
        return Query.boolean_query([(Occur.Should, clause) for clause in clauses])

    def _holders(self, field: str, term: str) -> int:
        return int(self.searcher.doc_freq(field, term))

    def _idf(self, holders: int) -> float:
        """BM25's, as tantivy computes it."""
        return log(1 + (self.searcher.num_docs - holders + 0.5) / (holders + 0.5))
