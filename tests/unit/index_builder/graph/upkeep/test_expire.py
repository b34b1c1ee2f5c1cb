"""What an absent source said stays for some runs, fading, and then goes; all of it is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.backends.graph_edges import EDGES, write_edges
from index_builder.graph.draft import Draft, Edge, Origin
from index_builder.graph.export import quads_of, write_quads
from index_builder.graph.revise import Previous
from index_builder.graph.upkeep.carry import carry_from
from index_builder.graph.upkeep.expire import FADE, MAX_RUNS, Expiry, carry_over
from index_builder.graph.vocabulary import SourceGraph, Term
from tests.unit.index_builder.graph.upkeep.shop import PRODUCTS, lamps, value

BEHAVIOUR, TAGGER = SourceGraph.BEHAVIOUR, SourceGraph.TAGGER
ONE, TWO, GONE = (f"urn:cartograph:product:{name}" for name in ("L0", "L1", "gone"))
BOUGHT = Edge(ONE, Term.RELATED_TO, TWO, BEHAVIOUR, 0.9)


def before() -> list[str]:
    draft = lamps()
    draft.edges |= {BOUGHT, Edge(ONE, Term.RELATED_TO, GONE, BEHAVIOUR, 0.9)}
    return quads_of(draft, PRODUCTS, ["shop.jsonl"])


def run(previous: list[str], absent: set[str], draft: Draft | None = None) -> tuple[list[str], Expiry]:
    """A build that is not given the absent sources: the lines it writes, what it carried."""
    draft = draft or lamps()
    expiry = carry_over(draft, PRODUCTS, previous, absent)
    return sorted([*quads_of(draft, PRODUCTS, ["shop.jsonl"]), *expiry.lines()]), expiry


def test_statements_of_an_absent_source_are_carried_without_those_about_what_is_gone() -> None:
    draft = lamps()
    _, expiry = run(before(), {BEHAVIOUR}, draft)
    assert draft.edges == {BOUGHT}
    assert (expiry.carried[BEHAVIOUR], expiry.orphaned[BEHAVIOUR], expiry.runs) == (1, 1, {BEHAVIOUR: 1})


def test_they_expire_after_so_many_runs() -> None:
    lines, carried = before(), []
    for _ in range(MAX_RUNS + 2):
        lines, expiry = run(lines, {BEHAVIOUR})
        carried.append((expiry.carried.get(BEHAVIOUR, 0), expiry.expired.get(BEHAVIOUR, 0)))
    assert carried == [(1, 0)] * MAX_RUNS + [(0, 1), (0, 0)]
    assert not any(line.endswith(f"<{BEHAVIOUR}> .") for line in lines)


def test_a_source_that_comes_back_starts_anew() -> None:
    lines, _ = run(before(), {BEHAVIOUR})
    lines, _ = run(lines, {BEHAVIOUR})
    draft = lamps()
    draft.edges.add(BOUGHT)
    lines, expiry = run(lines, set(), draft)
    assert expiry.runs == {}
    _, expiry = run(lines, {BEHAVIOUR})
    assert expiry.runs == {BEHAVIOUR: 1}


def test_confidence_fades_from_what_the_previous_graph_kept() -> None:
    draft = lamps()
    known = {(ONE, Term.RELATED_TO.value, TWO, BEHAVIOUR.value): 0.9}
    carry_over(draft, PRODUCTS, before(), {BEHAVIOUR}, confidences=known)
    (edge,) = draft.edges
    assert edge.confidence == pytest.approx(0.9 * FADE)


def test_what_a_product_hangs_on_is_carried_when_the_entity_is_still_there() -> None:
    first = lamps()
    value(first, "socket", "e27").drop(0)
    value(first, "socket", "e27").hang(0, Origin(TAGGER, 0.7))
    value(first, "base", "round").hang(1, Origin(TAGGER, 0.7))
    previous = quads_of(first, PRODUCTS, [])
    draft = lamps()
    value(draft, "socket", "e27").drop(0)
    _, expiry = run(previous, {TAGGER}, draft)
    assert value(draft, "socket", "e27").origins == {0: Origin(TAGGER, 0.5 * FADE)}
    assert (expiry.carried[TAGGER], expiry.orphaned[TAGGER]) == (1, 1)


def test_confidences_are_read_beside_the_previous_graph(tmp_path: Path) -> None:
    previous = Previous("g1", tmp_path / "graph.nq.gz", tmp_path / "store")
    write_quads(before(), previous.quads)
    write_edges([BOUGHT], tmp_path)
    draft = lamps()
    expiry = carry_from(draft, PRODUCTS, previous, {BEHAVIOUR})
    assert expiry.carried == {BEHAVIOUR: 1}
    assert {edge: edge.confidence for edge in draft.edges} == {BOUGHT: pytest.approx(0.9 * FADE)}


def test_of_a_damaged_previous_graph_nothing_is_carried(tmp_path: Path) -> None:
    previous = Previous("g1", tmp_path / "graph.nq.gz", tmp_path / "store")
    assert carry_from(lamps(), PRODUCTS, previous, {BEHAVIOUR}) == Expiry({}, {}, {}, {})
    write_quads(before(), previous.quads)
    (tmp_path / EDGES).write_bytes(b"no arrow")
    draft = lamps()
    carry_from(draft, PRODUCTS, previous, {BEHAVIOUR})
    assert [edge.confidence for edge in draft.edges] == [0.5 * FADE]


def test_nothing_is_carried_of_sources_that_are_there() -> None:
    draft = lamps()
    _, expiry = run(before(), set(), draft)
    assert draft.edges == set()
    assert expiry == Expiry({}, {}, {}, {})


def test_the_counts_go_into_json() -> None:
    _, expiry = run(before(), {BEHAVIOUR})
    assert json.loads(json.dumps(expiry.as_json())) == {
        "carried": {BEHAVIOUR: 1},
        "expired": {},
        "orphaned": {BEHAVIOUR: 1},
        "runs": {BEHAVIOUR: 1},
    }
