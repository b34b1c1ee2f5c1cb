"""What products say counts: lists that hold both names, and what a difference does to other names."""

from __future__ import annotations

import math

import pytest

from index_builder.graph.draft import Draft, Node, Origin
from index_builder.graph.resolution.candidates import candidates_in
from index_builder.graph.resolution.context import Context
from index_builder.graph.resolution.readings import Habits, Step
from index_builder.graph.resolution.scoring import (
    BASE,
    LISTED,
    TOLD,
    WEIGHTS,
    Scored,
    cost_of,
    score,
    undecided,
    with_meaning,
)
from index_builder.graph.vocabulary import SourceGraph
from tests.unit.index_builder.graph.resolution.shop import products, value

HABITS = Habits(frozenset({Step.EXTRA, Step.GLOSS}), {})


def scores(draft: Draft, count: int = 10) -> dict[str, Scored]:
    """By the longer name."""
    pairs = candidates_in([draft.nodes[iri] for iri in sorted(draft.nodes)], HABITS, cost_of).pairs
    return {
        max(each.pair.one.label, each.pair.two.label, key=len): each
        for each in score(pairs, Context(draft, products(count)))
    }


def test_a_word_that_one_list_tells_apart_is_doubted_everywhere() -> None:
    draft = Draft()
    value(draft, "rope", [0, 1])
    value(draft, "thin rope", [1])  # product 1 lists both
    value(draft, "wire", [3])
    value(draft, "thin wire", [4])
    found = scores(draft)
    extra = BASE + WEIGHTS[Step.EXTRA] - 0.01
    # "thin" stands between two pairs, one of them listed together: 1 / (2 + 1)
    assert found["thin wire"].logit == pytest.approx(extra + TOLD / 3)
    assert found["thin rope"].logit == pytest.approx(extra + TOLD / 3 + LISTED)
    assert found["thin rope"].listed == 1.0  # of one product of the rarer name


def test_names_read_from_a_text_beside_the_field_are_no_list() -> None:
    draft = Draft()
    one, two = value(draft, "rope", [0, 1]), value(draft, "thin rope", [2])
    two.hang(1, Origin(SourceGraph.TAGGER, 0.9))
    assert Context(draft, products(3)).listed_together(one, two) == 0.0


def test_products_are_alike_when_rare_things_hang_on_them() -> None:
    draft = Draft()
    names = [value(draft, text, [row]) for row, text in enumerate(("one", "two", "three"))]
    value(draft, "rare", [0, 1], "other")
    context = Context(draft, products(100))

    def alike(first: Node, second: Node) -> float:
        return context.alikeness(first, second)

    assert alike(names[0], names[1]) == pytest.approx(1.0)
    assert alike(names[0], names[2]) == 0.0


def test_the_meaning_moves_an_undecided_pair_only() -> None:
    draft = Draft()
    value(draft, "Permit", [0])
    value(draft, "Permit (Taiwan)", [1])
    [scored] = scores(draft).values()
    assert undecided(scored)
    near, far = with_meaning(scored, 0.95), with_meaning(scored, 0.45)
    assert near.probability > 0.6 > scored.probability > far.probability
    assert scored.probability == pytest.approx(1 / (1 + math.exp(-(BASE + WEIGHTS[Step.GLOSS] - 0.01))))
