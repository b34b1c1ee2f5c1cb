"""Entity resolution: nodes whose names mean the same become one, told, explained and undoable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import process_time

from engine.types import FloatArray, Product
from index_builder.graph.draft import Draft, Node
from index_builder.graph.resolution.candidates import Pair, candidates_in
from index_builder.graph.resolution.clusters import clusters_of
from index_builder.graph.resolution.context import Context
from index_builder.graph.resolution.explain import Explainer
from index_builder.graph.resolution.habits import Space, brand_words, habits_of, spaces_of
from index_builder.graph.resolution.merging import absorb, redirect, survivor_of
from index_builder.graph.resolution.report import Merge, ResolutionReport
from index_builder.graph.resolution.same_as import SameAs
from index_builder.graph.resolution.scoring import Scored, cost_of, score, undecided, with_meaning
from index_builder.graph.resolution.ties import tie_brands

Embed = Callable[[Sequence[str]], FloatArray]
"""Unit rows, float32 (n, dimension), of n short texts."""

MAX_EMBEDDED = 3_000
"""Names whose meaning is compared, at most; the least decided pairs come first."""


@dataclass(slots=True)
class _Found:
    """What was found in all spaces, before anything is changed."""

    scored: list[Scored] = field(default_factory=list)
    apart: set[tuple[str, str]] = field(default_factory=set)
    must: list[tuple[str, str]] = field(default_factory=list)
    named: set[str] = field(default_factory=set)


def resolve(
    draft: Draft,
    products: Sequence[Product],
    *,
    embed: Embed | None = None,
    same_as: SameAs | None = None,
) -> ResolutionReport:
    """Merge nodes of the draft that mean the same, in place. Row i of the draft is product i.

    Values are compared with values of their attribute, other nodes with those of their kind; paths of
    categories are left alone. `embed` is called once, for the names of pairs that nothing else decides;
    without it they are decided without. `same_as` overrules everything. Nothing here is random.
    """
    started = process_time()
    spaces = spaces_of(draft)
    found = _look(draft, products, spaces, same_as or SameAs())
    found.scored, embedded = _ask_for_meanings(found.scored, embed)
    groups = clusters_of(found.scored, found.must, lambda one, two: (one, two) in found.apart)
    merges = _merge(draft, groups, found)
    unknown = sorted((same_as.names if same_as else frozenset()) - found.named)
    return ResolutionReport(
        merges=tuple(sorted(merges, key=lambda each: (each.kind, each.attribute, each.new, each.old))),
        nodes=sum(map(len, spaces.values())),
        pairs=len(found.scored),
        embedded=embedded,
        ties=tie_brands(draft),
        unknown=tuple(unknown),
        cpu_seconds=process_time() - started,
    )


def _look(
    draft: Draft, products: Sequence[Product], spaces: Mapping[Space, list[Node]], same_as: SameAs
) -> _Found:
    found = _Found()
    brands = brand_words(draft)
    pairs: list[Pair] = []
    for space, nodes in sorted(spaces.items()):
        candidates = candidates_in(nodes, habits_of(space, nodes, brands), cost_of)
        pairs += candidates.pairs
        found.apart |= candidates.apart
        if same_as.names:
            _told(nodes, same_as, found)
    found.scored = score(pairs, Context(draft, products))
    return found


def _told(nodes: Iterable[Node], same_as: SameAs, found: _Found) -> None:
    """What the same-as file says of these nodes."""
    bearing: defaultdict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for name in node.names:
            if name in same_as.names:
                bearing[name].append(node.iri)
    found.named |= bearing.keys()
    for pairs, said in ((same_as.same, found.must), (same_as.apart, None)):
        for one, two in sorted(pairs):
            for first in bearing.get(one, ()):
                for second in bearing.get(two, ()):
                    if first == second:
                        continue
                    pair = (min(first, second), max(first, second))
                    if said is None:
                        found.apart.add(pair)
                    else:
                        said.append(pair)


def _ask_for_meanings(scored: list[Scored], embed: Embed | None) -> tuple[list[Scored], int]:
    """Scores with the cosine of the names' embeddings where it can turn the balance, and how many names."""
    if embed is None:
        return scored, 0
    asked: dict[str, int] = {}
    turned = []
    for place in sorted(range(len(scored)), key=lambda each: (abs(scored[each].logit), each)):
        pair = scored[place].pair
        if undecided(scored[place]) and len(asked) + 2 <= MAX_EMBEDDED:
            for node in (pair.one, pair.two):
                asked.setdefault(node.label, len(asked))
            turned.append(place)
    if not asked:
        return scored, 0
    vectors = embed(list(asked))
    for place in turned:
        one, two = (vectors[asked[node.label]] for node in (scored[place].pair.one, scored[place].pair.two))
        scored[place] = with_meaning(scored[place], float(one @ two))
    return scored, len(asked)


def _merge(draft: Draft, groups: Sequence[list[str]], found: _Found) -> list[Merge]:
    explain = Explainer(draft, found.scored, found.must)
    merges: list[Merge] = []
    for group in groups:
        new = survivor_of(draft, group)
        merges += [explain(old, new, group) for old in group if old != new]
    for merge in merges:
        absorb(draft.nodes[merge.new], draft.nodes.pop(merge.old), merge.confidence)
    redirect(draft, {merge.old: (merge.new, merge.confidence) for merge in merges})
    return merges
