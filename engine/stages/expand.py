"""Stage 2: walk from the linked entities to their neighbours, within hard caps, and put the finds to use."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import log
from time import thread_time

import numpy as np

from engine.stages import affinity
from engine.stages.affinity import Pool
from engine.stages.graph import KnowledgeGraph
from engine.stages.match import SpanMatch, match
from engine.stages.understand import Understanding
from engine.text import cjk_characters, singular, tokens
from engine.types import (
    Entity,
    EntityKind,
    EntityLink,
    Expansion,
    FloatArray,
    GraphEdge,
    Mask,
    RowArray,
)


class ExpansionMode(StrEnum):
    AUTO = "auto"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ExpansionSpec:
    """What the graph may add to one query; the uses can be switched one by one."""

    mode: ExpansionMode = ExpansionMode.AUTO
    max_expansions: int = 16
    lexical_terms: bool = True
    """Synonyms and neighbours' names join the searched words, at a low weight."""
    candidates: bool = True
    """Products that hang on the entities join the candidates."""
    scores: bool = True
    """What the graph says of a candidate counts in its score."""
    similarity: bool = False
    """How near a candidate is to the entities in the graph's embeddings counts in its score."""
    shifted_vector: bool = False
    """The embeddings of the entities' products are searched for, too."""
    rerank_text: bool = False
    """The cross-encoder reads the query's synonyms as well."""


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """Hard caps of one query's walk. `seconds` is a last resort: the other caps end a walk well before. It is
    of the thread's own processor time, so that a busy machine does not change what a query finds.
    """

    depth: int = 2
    nodes: int = 48
    neighbours: int = 8
    seconds: float = 0.010


DEFAULT_RELATIONS: Mapping[str, float] = {"same as": 0.8, "narrower": 0.6, "broader": 0.4, "brand": 0.1}
"""How much of a meaning survives one step, where a build has not learned it."""
_OTHER_RELATION = 0.3
_STEPS_A_LOOK = 8
"""Of a walk, after which it looks at the clock: a look takes longer than a step where the system is asked."""
_SURE = 0.6
"""Confidence from which a link's synonyms may enter the searched words."""
_SURE_NAME = 0.85
"""Confidence of a name from which it stands for the entity among the searched words: a part of a taxonomy's
long name does not.
"""
_MAX_TERMS = 6
_TERM_BOOST = 0.1
"""Beside a word of the query: more helped one shop a little and cost another more."""
_MIN_TERM_WEIGHT = 0.25
_FEW_PRODUCTS = 20
_TYPICAL = 32
"""Products whose embeddings stand for an entity."""
_MODEL = re.compile(r"^(?=.*\d)(?=.*[^\W\d_])\S{4,}$|^\d{6,}$")
_SYNONYM_KINDS = frozenset({EntityKind.CATEGORY, EntityKind.COLOR, EntityKind.MATERIAL})


def rarity(product_count: int, product_total: int) -> float:
    """Inverse document frequency in (0, 1]: 1 for an entity of one product or none, near 0 for one that
    all products share. log(1 + N / max(1, n)) / log(1 + N), after Spärck Jones (1972).
    """
    return log(1 + product_total / max(1, product_count)) / log(1 + max(1, product_total))


@dataclass(frozen=True, slots=True)
class Expand:
    """Turns links into weighted entities, and those into words, products and explanations.

    `word_counts` are the words that the catalogue knows; a model number among the query's words that only
    few products have makes the query precise, and then it gains nothing but its own entities. `chinese` are
    the characters of the Chinese ones among them, None for all: a name with others is not even cut into
    words, for which half a second and 70 MB are needed the first time.
    """

    graph: KnowledgeGraph
    word_counts: Mapping[str, int] = field(default_factory=dict)
    limits: WalkLimits = WalkLimits()
    relations: Mapping[str, float] = field(default_factory=lambda: DEFAULT_RELATIONS)
    chinese: frozenset[str] | None = None

    def __call__(self, understanding: Understanding, spec: ExpansionSpec) -> tuple[Expansion, ...]:
        """The linked entities first (with an empty path), then at most `max_expansions` that they led to,
        each by descending weight, then IRI.
        """
        if spec.mode is ExpansionMode.DISABLED or not understanding.links:
            return ()
        linked = sorted((self._weigh(link, (), link.confidence) for link in understanding.links), key=_order)
        if self._is_precise(understanding):
            return tuple(linked)
        gained = sorted(self._walk(understanding.links), key=_order)
        return (*linked, *gained[: spec.max_expansions])

    def other_words(self, understanding: Understanding, expansions: Sequence[Expansion]) -> tuple[str, ...]:
        """Synonyms of what the query surely names, unless its own words are in them ("jet black" finds
        nothing that "black" does not) or the catalogue has no such words.
        """
        said = _singulars(understanding.tokens)
        found: dict[str, None] = {}
        for expansion in expansions:
            link = expansion.link
            if expansion.path or link.confidence < _SURE or link.entity.kind not in _SYNONYM_KINDS:
                continue
            named = _singulars(understanding.tokens[link.start : link.end])
            for name in self.graph.names(link.entity, _SURE_NAME):
                if self.chinese is not None and not self.chinese.issuperset(cjk_characters(name)):
                    continue
                words = tokens(name)
                new = _singulars(words)
                if not new <= said and not named <= new and self._knows(words):
                    found.setdefault(name)
        return tuple(found)[:_MAX_TERMS]

    def lexical_terms(
        self, understanding: Understanding, expansions: Sequence[Expansion], synonyms: Sequence[str]
    ) -> tuple[tuple[str, float], ...]:
        """Phrases with boosts in (0, 1) for the lexical index: the synonyms that `other_words` gave, then
        labels of neighbours that share no word with the query or its synonyms (the others are found by those
        words).
        """
        terms = dict.fromkeys(synonyms, _TERM_BOOST)
        said = _singulars((*understanding.tokens, *(word for name in synonyms for word in tokens(name))))
        for expansion in expansions:
            words = tokens(expansion.entity.label)
            worth = len(expansion.path) == 1 and expansion.weight >= _MIN_TERM_WEIGHT
            if worth and self._knows(words) and said.isdisjoint(_singulars(words)):
                terms.setdefault(" ".join(words), _TERM_BOOST * expansion.weight)
        return tuple(terms.items())[:_MAX_TERMS]

    def candidates(self, expansions: Sequence[Expansion], limit: int, mask: Mask | None) -> Pool:
        """Products that hang on the entities, best affinity first; see `engine.stages.affinity`."""
        return affinity.pool(affinity.affinity(self.graph, expansions), limit, mask)

    def matches(
        self, understanding: Understanding, expansions: Sequence[Expansion], rows: RowArray
    ) -> tuple[SpanMatch, ...]:
        """What the graph says of each row; see `engine.stages.match`."""
        return match(self.graph, understanding.tokens, expansions, self.relations, rows)

    def nearness(self, expansions: Sequence[Expansion], rows: RowArray) -> FloatArray:
        """Of each row to what the query surely names, float32 in [0, 1]."""
        return self.graph.nearness([each.entity for each in _surely_named(expansions)], rows)

    def typical(self, expansions: Sequence[Expansion]) -> RowArray:
        """A few products that hang on what the query surely names, evenly from all of them: int64."""
        named = _surely_named(expansions)
        rows = [self.graph.products(each.entity, affinity.POSTING_LIMIT) for each in named]
        sampled = [found[:: -(-len(found) // _TYPICAL)] for found in rows if len(found)]
        return np.unique(np.concatenate(sampled)) if sampled else np.empty(0, np.int64)

    def sentence(self, understanding: Understanding, expansion: Expansion) -> str:
        """The way from the query's words to the entity and its products, as one line:
        `"black cartridge" -> color Black <- product`.
        """
        start, end = expansion.link.start, expansion.link.end
        read = {each.read_as: each.written for each in understanding.corrections}
        words = [read.get(word, word) for word in understanding.tokens[start:end]]
        said = _as_written(understanding.text, words) if understanding.cjk else " ".join(words)
        steps = [f'"{said}"', f"{self._relation(expansion.link.entity)} {expansion.link.entity.label}"]
        steps += [f"{edge.relation} {edge.target.label}" for edge in expansion.path]
        return f"{' -> '.join(steps)} <- product"

    def paths_to(
        self, understanding: Understanding, expansions: Sequence[Expansion], rows: RowArray
    ) -> dict[int, tuple[str, ...]]:
        """For each row, how the query reaches it: the heaviest way of each span, in the query's order."""
        best: dict[int, dict[tuple[int, int], Expansion]] = {int(row): {} for row in rows}
        for expansion in sorted(expansions, key=_order):
            if _is_brand_of_target(expansion):
                continue
            span = expansion.link.start, expansion.link.end
            hanging = set(self.graph.products(expansion.entity, affinity.POSTING_LIMIT).tolist())
            for row, found in best.items():
                if row in hanging:
                    found.setdefault(span, expansion)
        return {
            row: tuple(self.sentence(understanding, found[span]) for span in sorted(found))
            for row, found in best.items()
        }

    def _walk(self, links: Sequence[EntityLink]) -> Iterator[Expansion]:
        """Best first over all links; an entity that two ways lead to is reached by the heavier one."""
        until = thread_time() + self.limits.seconds
        seen = {link.entity.iri for link in links}
        waiting: list[tuple[float, int, EntityLink, tuple[GraphEdge, ...]]] = [
            (-link.confidence, place, link, ()) for place, link in enumerate(links)
        ]
        heapq.heapify(waiting)
        count, steps = len(waiting), 0
        while waiting and count < self.limits.nodes + len(links):
            steps += 1
            if steps % _STEPS_A_LOOK == 0 and thread_time() >= until:
                return
            strength, _, link, path = heapq.heappop(waiting)
            here = path[-1].target if path else link.entity
            if path:
                yield self._weigh(link, path, -strength)
            if len(path) == self.limits.depth:
                continue
            for edge in self.graph.neighbours(here, self.limits.neighbours):
                if edge.target.iri in seen or _goes_back_down(path, edge):
                    continue
                seen.add(edge.target.iri)
                count += 1
                weight = self.relations.get(edge.relation, _OTHER_RELATION)
                heapq.heappush(waiting, (strength * weight, count, link, (*path, edge)))

    def _weigh(self, link: EntityLink, path: tuple[GraphEdge, ...], strength: float) -> Expansion:
        """As rare as the broadest entity on the way: black on metallic is no rarer find than black."""
        broadest = max(entity.product_count for entity in (link.entity, *(edge.target for edge in path)))
        return Expansion(link, path, strength * rarity(broadest, self.graph.product_total))

    def _is_precise(self, understanding: Understanding) -> bool:
        return any(
            _MODEL.match(word) and 0 < self.word_counts.get(word, 0) <= _FEW_PRODUCTS
            for word in understanding.tokens
        )

    def _knows(self, words: Sequence[str]) -> bool:
        return not self.word_counts or all(word in self.word_counts for word in words)

    def _relation(self, entity: Entity) -> str:
        return self.graph.relation(entity) or entity.kind.value


def _as_written(text: str, words: Sequence[str]) -> str:
    """Chinese words overlap and have no blanks between them: the part of the text that they cover."""
    places: list[int] = []
    for word in words:
        place = text.find(word, places[-1] if places else 0)
        if place < 0:
            return " ".join(words)
        places.append(place)
    ends = [place + len(word) for place, word in zip(places, words, strict=True)]
    return text[min(places) : max(ends)]


def _is_brand_of_target(expansion: Expansion) -> bool:
    """That both are of one brand is no reason why a cartridge fits a printer."""
    starts_there = expansion.link.entity.kind is EntityKind.COMPATIBLE_TARGET
    return starts_there and any(edge.relation == "brand" for edge in expansion.path)


def _surely_named(expansions: Sequence[Expansion]) -> list[Expansion]:
    return [each for each in expansions if not each.path and each.link.confidence >= _SURE]


def _singulars(words: Sequence[str]) -> frozenset[str]:
    return frozenset(singular(word) for word in words)


def _goes_back_down(path: Sequence[GraphEdge], edge: GraphEdge) -> bool:
    """Up and down again leads to siblings: other colours, other printers; not what was asked for."""
    return bool(path) and path[-1].relation == "broader" and edge.relation == "narrower"


def _order(expansion: Expansion) -> tuple[bool, float, str]:
    return bool(expansion.path), -expansion.weight, expansion.entity.iri
