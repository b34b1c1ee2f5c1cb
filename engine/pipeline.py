"""The order of the stages, and what happens when time runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import numpy as np

from engine.caching import Cache
from engine.deadline import Deadline
from engine.errors import DeadlineExceededError
from engine.paging import next_token
from engine.plan import Plan, RankingSettings
from engine.request import (
    ExpandedEntity,
    ExpansionInfo,
    Hit,
    SearchRequest,
    SearchResult,
    Source,
    Stage,
)
from engine.stages import rerank
from engine.stages.compare import Compare
from engine.stages.diversify import Diversify
from engine.stages.expand import Expand
from engine.stages.explain import Evidence, Explanation, explain
from engine.stages.facets import count_facets
from engine.stages.filtering import Columns
from engine.stages.fuse import Scored
from engine.stages.gather import Gather, Gathered, Question
from engine.stages.match import SpanMatch
from engine.stages.order import order_rows
from engine.stages.phrase import Phrase
from engine.stages.rerank import Rerank
from engine.stages.retrieve import QueryEncoder
from engine.stages.understand import Understand, Understanding
from engine.trace import Costs, Trace
from engine.types import Candidates, Expansion, FloatArray, Mask, Product, RowArray

SHIFT = 0.3
"""How far the shifted embedding moves towards products of the query's entities, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of a pipeline, joined by `engine.bootstrap`. `alive` flags the rows that have products; None
    says that all have.
    """

    understand: Understand
    expand: Expand
    phrase: Phrase
    encoder: QueryEncoder
    gather: Gather
    compare: Compare
    rerank: Rerank
    diversify: Diversify
    columns: Columns
    products: Callable[[RowArray], Sequence[Product]]
    alive: Mask | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Answers searches from one generation. Safe to call from many threads at once."""

    generation_id: str
    stages: Stages
    settings: RankingSettings
    costs: Costs = field(default_factory=Costs)
    embeddings: Cache[str, FloatArray] = field(default_factory=lambda: Cache(0))

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Raises InvalidArgumentError and its kin for a wrong request, DeadlineExceededError when not even
        one source could answer in time, CancelledError when the caller is gone.
        """
        trace, started = Trace(deadline), perf_counter()
        plan = Plan.of(request, self.settings, self.stages.columns, self.generation_id)
        reading = self._read(request, plan, trace)
        mask = self._mask(plan, trace)
        gathered = self._gather(request, plan, reading, mask, trace)
        with trace.stage(Stage.FUSE):
            scored = self._fuse(request, reading, gathered)
        scored, reranked = self._rerank(request, plan, reading, scored, trace)
        settled = perf_counter()
        scored = self._diversify(request, scored, trace)
        hits = self._page(request, plan, scored, _Evidence(reading, gathered, reranked), trace)
        self.costs.learn(trace, started=started, settled=settled)
        return SearchResult(
            hits=hits,
            next_page_token=next_token(
                request, self.generation_id, plan.offset + plan.page_size, len(scored)
            ),
            facets=count_facets(self.stages.columns, request.facet_keys, scored.rows),
            total_size=len(scored),
            total_size_exact=not gathered.late and all(found.complete for found in gathered.sources.values()),
            expansion_info=self._info(reading),
            timings=trace.timings,
            degraded=trace.degraded,
            generation_id=self.generation_id,
        )

    def _read(self, request: SearchRequest, plan: Plan, trace: Trace) -> _Reading:
        with trace.stage(Stage.UNDERSTAND):
            understanding = self.stages.understand(plan.query, link=request.understand)
        with trace.stage(Stage.EXPAND):
            expansions = self.stages.expand(understanding, request.expansion)
            other_words = self.stages.expand.other_words(understanding, expansions)
        phrase = self.stages.phrase(understanding, other_words)
        return _Reading(understanding, expansions, other_words, phrase)

    def _mask(self, plan: Plan, trace: Trace) -> Mask | None:
        alive = self.stages.alive
        if plan.filter is None:
            return alive
        with trace.stage(Stage.FILTER):
            mask = plan.filter.mask(self.stages.columns)
            return mask if alive is None else mask & alive

    def _gather(
        self, request: SearchRequest, plan: Plan, reading: _Reading, mask: Mask | None, trace: Trace
    ) -> Gathered:
        expand, spec = self.stages.expand, request.expansion
        understanding, expansions = reading.understanding, reading.expansions
        terms: tuple[tuple[str, float], ...] = ()
        if spec.lexical_terms:
            terms = expand.lexical_terms(understanding, expansions, reading.other_words)
        question = Question(
            text=understanding.text,
            limit=plan.limit,
            mask=mask,
            expansions=terms,
            graph=(lambda limit, allowed: expand.candidates(expansions, limit, allowed))
            if spec.candidates and expansions
            else None,
            shift=partial(self._shifted, expansions) if spec.shifted_vector and expansions else None,
        )
        disabled = request.retrieval.disabled
        if not reading.phrase:
            disabled |= {Source.DENSE, Source.PAST_QUERIES}
        with trace.stage(Stage.RETRIEVE):
            embed = self._embedder(request, reading, trace)
            gathered = self.stages.gather(question, embed, disabled, trace.deadline)
        trace.candidates = {source: len(found) for source, found in gathered.sources.items()}
        for source in gathered.late:
            trace.degrade(Stage.RETRIEVE, f"The {source} source was left out: no time was left for it.")
        if gathered.late and not gathered.sources:
            raise DeadlineExceededError("No source could answer before the deadline; allow more time.")
        return gathered

    def _embedder(
        self, request: SearchRequest, reading: _Reading, trace: Trace
    ) -> Callable[[], FloatArray] | None:
        if not self.costs.encoding_fits(trace.deadline):
            return None

        def embed() -> FloatArray:
            with trace.stage(Stage.ENCODE):
                vector: FloatArray = self.stages.encoder.encode_queries([reading.phrase], trace.deadline)[0]
            self.costs.encode.observe(trace.seconds(Stage.ENCODE), 1)
            return vector

        if request.skip_cache:
            return embed
        return lambda: self.embeddings.get(reading.phrase, embed, trace.deadline)[0]

    def _shifted(self, expansions: Sequence[Expansion], vector: FloatArray) -> FloatArray:
        """The query's embedding, moved towards products of its entities (Rocchio 1971), of length 1."""
        rows = self.stages.expand.typical(expansions)
        if not len(rows):
            return vector
        moved = (1 - SHIFT) * vector + SHIFT * self.stages.compare.products.vectors(rows).mean(axis=0)
        return np.asarray(moved / np.linalg.norm(moved), np.float32)

    def _fuse(self, request: SearchRequest, reading: _Reading, gathered: Gathered) -> Scored:
        """Sources that were switched off or came too late have no say in the comparison either."""
        fused = self.settings.fusion(gathered.sources)
        matches: tuple[SpanMatch, ...] = ()
        nearness = None
        spoken = Source.GRAPH not in request.retrieval.disabled.union(gathered.late)
        if spoken and request.expansion.similarity:
            nearness = self.stages.expand.nearness(reading.expansions, fused.rows)
        if spoken and request.expansion.scores:
            matches = self.stages.expand.matches(reading.understanding, reading.expansions, fused.rows)
        return self.stages.compare(
            fused,
            words=reading.understanding.tokens if Source.LEXICAL in gathered.sources else None,
            vector=gathered.vector if Source.DENSE in gathered.sources else None,
            near=None if request.expansion.shifted_vector else gathered.sources.get(Source.DENSE),
            matches=matches,
            nearness=nearness,
        )

    def _rerank(
        self, request: SearchRequest, plan: Plan, reading: _Reading, scored: Scored, trace: Trace
    ) -> tuple[Scored, Candidates]:
        asked = min(plan.depth, len(scored)) if reading.phrase else 0
        if not asked:
            return scored, Candidates.none()
        affordable = self.costs.pairs_that_fit(trace.deadline)
        depth = asked if affordable >= asked else max(0, int(affordable))
        if depth < asked:
            how = f"shortened from {asked} to {depth} products" if depth else "skipped"
            trace.degrade(Stage.RERANK, f"Reranking was {how}: no more fits before the deadline.")
        if not depth:
            return scored, Candidates.none()
        text = reading.phrase
        if request.expansion.rerank_text:
            text = " ".join((text, *(word for word in reading.other_words if word not in text)))
        with trace.stage(Stage.RERANK):
            reranked = self.stages.rerank(text, scored, depth, trace.deadline, settles=plan.settles)
        self.costs.pair.observe(trace.seconds(Stage.RERANK), len(reranked.rows))
        return reranked.scored, Candidates.ranked(reranked.rows, reranked.probabilities, limit=depth)

    def _diversify(self, request: SearchRequest, scored: Scored, trace: Trace) -> Scored:
        spec = request.diversity
        if not spec.wanted:
            return scored
        with trace.stage(Stage.DIVERSIFY):
            return self.stages.diversify(scored, strength=spec.strength, max_per_brand=spec.max_per_brand)

    def _order(self, plan: Plan, scored: Scored) -> RowArray:
        """Places in `scored`, in the order that was asked for."""
        if plan.order is None:
            return np.arange(len(scored))
        return order_rows(plan.order, self.stages.columns, scored.rows, scored.scores)

    def _page(
        self,
        request: SearchRequest,
        plan: Plan,
        scored: Scored,
        evidence: _Evidence,
        trace: Trace,
    ) -> tuple[Hit, ...]:
        places = self._order(plan, scored)[plan.offset : plan.page_end]
        page, scores = scored.rows[places], scored.scores[places].tolist()
        explanations: Sequence[Explanation | None] = [None] * len(page)
        if request.explain:
            with trace.stage(Stage.EXPLAIN):
                explanations = explain(scored, page, evidence.of(page, self.stages.expand))
        return tuple(
            Hit(product, rank, score, explanation)
            for rank, (product, score, explanation) in enumerate(
                zip(self.stages.products(page), scores, explanations, strict=True), start=plan.offset + 1
            )
        )

    def _info(self, reading: _Reading) -> ExpansionInfo:
        understanding = reading.understanding
        return ExpansionInfo(
            searched_text=understanding.text,
            corrections=understanding.corrections,
            links=understanding.links,
            expanded=tuple(
                ExpandedEntity(
                    expansion.entity.label,
                    self.stages.expand.sentence(understanding, expansion),
                    expansion.weight,
                )
                for expansion in reading.expansions
                if expansion.path
            ),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the query says: entities, their other words, and the text that models are given (empty when they
    cannot read it).
    """

    understanding: Understanding
    expansions: tuple[Expansion, ...]
    other_words: tuple[str, ...]
    phrase: str


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Kept until the page is known, since only its rows are explained."""

    reading: _Reading
    gathered: Gathered
    reranked: Candidates

    def of(self, page: RowArray, expand: Expand) -> Evidence:
        votes = self.gathered.votes
        sources = dict(self.gathered.sources)
        if len(self.reranked):
            sources[rerank.PART] = self.reranked
        return Evidence(
            sources=sources,
            graph_paths=expand.paths_to(self.reading.understanding, self.reading.expansions, page),
            past_queries={row: votes.behind(row) for row in page.tolist()} if votes else {},
        )
