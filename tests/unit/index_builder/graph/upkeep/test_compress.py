"""Compression drops what follows from other statements, and what serves no search; never what the catalogue
states of several products.
"""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.draft import Draft, Edge, Origin
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, TextField
from index_builder.graph.infer import products_below
from index_builder.graph.upkeep.compress import compress
from index_builder.graph.upkeep.saving import CompressionReport, Reason, Saving
from index_builder.graph.vocabulary import SourceGraph, Term, ontology_graph
from tests.unit.index_builder.graph.upkeep.shop import color, kind, lamps, value

TAGGER, ALIGNMENT = SourceGraph.TAGGER, SourceGraph.ALIGNMENT
INFERENCE = SourceGraph.INFERENCE


def statements(report: CompressionReport, reason: Reason) -> int:
    return report.saved[reason].statements


def broader(draft: Draft, narrow: str, wide: str, confidence: float = 1.0, source: str = INFERENCE) -> Edge:
    edge = Edge(kind(draft, narrow).iri, Term.BROADER, kind(draft, wide).iri, source, confidence)
    draft.edges.add(edge)
    return edge


def test_the_catalogue_as_it_stands_loses_nothing() -> None:
    draft = lamps()
    rows = {iri: list(node.rows) for iri, node in draft.nodes.items()}
    report = compress(draft)
    assert {iri: node.rows for iri, node in draft.nodes.items()} == rows
    assert report.total == Saving()
    # 40 brands, types, sockets and whites, 20 golds; five nodes of one name.
    assert report.before == Saving(statements=180, nodes=5, names=5)


def test_what_a_narrower_entity_says_as_surely_is_not_said_above() -> None:
    draft = lamps()
    broader(draft, "desk lamp", "lighting")
    for row, narrow, wide in ((0, 0.8, 0.8), (1, 0.8, 0.9)):
        kind(draft, "desk lamp").hang(row, Origin(TAGGER, narrow))
        kind(draft, "lighting").hang(row, Origin(ALIGNMENT, wide))
    below = products_below(draft)[kind(draft, "lighting").iri].tolist()
    report = compress(draft)
    assert statements(report, Reason.BROADER) == 1
    assert kind(draft, "lighting").rows == [1]  # there the alignment is surer than what is below
    assert products_below(draft)[kind(draft, "lighting").iri].tolist() == below == [0, 1]


def test_an_unsure_step_up_does_not_make_a_sure_statement_redundant() -> None:
    draft = lamps()
    broader(draft, "desk lamp", "lighting", confidence=0.6)
    kind(draft, "desk lamp").hang(0, Origin(TAGGER, 0.9))
    kind(draft, "lighting").hang(0, Origin(ALIGNMENT, 0.9))
    assert statements(compress(draft), Reason.BROADER) == 0


def test_the_catalogues_own_statement_stays_above_a_narrower_one() -> None:
    draft = lamps()
    broader(draft, "desk lamp", "lamp")
    kind(draft, "desk lamp").hang(0, Origin(TAGGER, 1.0))
    compress(draft)
    assert kind(draft, "lamp").rows == list(range(40))


def test_an_edge_that_follows_from_two_steps_is_dropped() -> None:
    draft = lamps()
    kept = {broader(draft, "lamp", "light"), broader(draft, "light", "home")}
    broader(draft, "lamp", "home", confidence=0.9)
    report = compress(draft)
    assert draft.edges == kept
    assert statements(report, Reason.CHAIN) == 1


def test_edges_of_an_ontology_and_on_a_cycle_stay() -> None:
    draft = lamps()
    source = ontology_graph("things")
    broader(draft, "lamp", "light", source=source)
    broader(draft, "light", "home", source=source)
    broader(draft, "lamp", "home", source=source)
    for one, two in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "c")):
        broader(draft, one, two)
        kind(draft, one).hang(0, Origin(TAGGER, 0.9))
    compress(draft)
    assert len(draft.edges) == 7


def test_of_two_directions_of_a_symmetric_relation_the_surer_stays() -> None:
    draft = lamps()
    one, two = "urn:cartograph:product:L0", "urn:cartograph:product:L1"
    source = SourceGraph.SIMILARITY
    weak = Edge(one, Term.SIMILAR_TO, two, source, 0.5)
    sure = Edge(two, Term.SIMILAR_TO, one, source, 0.7)
    alone = Edge(two, Term.ACCESSORY_FOR, one, source, 0.7)
    draft.edges |= {weak, sure, alone}
    report = compress(draft)
    assert draft.edges == {sure, alone}
    assert statements(report, Reason.MIRRORED) == 1


def test_equal_entities_are_tied_to_their_middle_alone() -> None:
    draft = lamps()
    iris = [value(draft, key, "e27").iri for key in ("socket", "base", "fitting")]
    for key in ("base", "fitting"):
        value(draft, key, "e27").state(0, "E27")
    for one in iris:
        for two in iris:
            if one != two:
                draft.edges.add(Edge(one, Term.EXACT_MATCH, two, INFERENCE))
    report = compress(draft)
    # Six edges are three ties; the socket with most products is the middle of two of them.
    assert {frozenset((edge.subject, edge.object)) for edge in draft.edges} == {
        frozenset((iris[0], iris[1])),
        frozenset((iris[0], iris[2])),
    }
    assert (statements(report, Reason.MIRRORED), statements(report, Reason.EQUAL)) == (3, 1)


def test_an_unsure_guess_about_one_product_goes_with_its_evidence() -> None:
    draft = lamps()
    for name, rows, confidence in (("dim", (0,), 0.4), ("bright", (0,), 0.6), ("warm", (0, 1), 0.4)):
        node = value(draft, "light", name)
        node.source = TAGGER
        for row in rows:
            node.hang(row, Origin(TAGGER, confidence))
            mention = Mention(row, TextField.TITLE, 0, 3, Label.OCCASION, name, Extractor.TAGGER, confidence)
            draft.evidence.append(Evidence(node.iri, mention))
    report = compress(draft)
    assert report.saved[Reason.GUESSED] == Saving(statements=1, nodes=1, names=1)
    assert [each.mention.name for each in draft.evidence] == ["bright", "warm", "warm"]


def test_entities_without_products_go_unless_they_stand_above_or_are_tied() -> None:
    draft = lamps()
    broader(draft, "lamp", "light")  # above
    tied, lone = value(draft, "base", "e27"), value(draft, "base", "none")
    draft.edges.add(Edge(tied.iri, Term.EXACT_MATCH, value(draft, "socket", "e27").iri, INFERENCE))
    draft.edges.add(Edge(lone.iri, Term.EXACT_MATCH, "urn:elsewhere", ALIGNMENT))
    broader(draft, "empty lamp", "lamp")  # below, without products
    report = compress(draft)
    assert report.saved[Reason.EMPTY] == Saving(statements=2, nodes=2, names=2)
    assert {tied.iri, kind(draft, "light").iri} <= set(draft.nodes)
    assert lone.iri not in draft.nodes


def test_single_values_go_only_when_asked() -> None:
    draft = lamps()
    value(draft, "code", "x1").state(0, "x1")
    value(draft, "code", "x2").state(0, "x2")
    value(draft, "code", "x2").state(1, "x2")
    assert Reason.SINGLE not in compress(draft).saved
    assert compress(draft, single_values=True).saved[Reason.SINGLE] == Saving(1, 1, 1)
    assert value(draft, "code", "x2").rows == [0, 1]


def test_a_name_that_reads_like_a_surer_one_goes() -> None:
    draft = lamps()
    white = color(draft, "white")
    for name, confidence in (("whites", 0.9), ("snow", 0.9), ("snows", 0.9), ("白色", 0.9)):
        white.answer_to(name, confidence)
    report = compress(draft)
    assert white.names == {"white": 1.0, "snow": 0.9, "白色": 0.9}
    assert report.saved[Reason.NAME] == Saving(names=2)


def test_the_report_goes_into_json() -> None:
    told = json.loads(json.dumps(compress(lamps()).as_json()))
    assert told["before"] == {"statements": 180, "nodes": 5, "names": 5}


names = st.sampled_from("abcdef")
confidence = st.sampled_from([0.3, 0.6, 0.9])


@given(
    edges=st.lists(st.tuples(names, names, confidence), max_size=12),
    stated=st.lists(st.tuples(names, st.integers(0, 39), confidence), max_size=12),
)
def test_no_product_is_lost_below_any_entity_that_stays_and_twice_is_no_more_than_once(
    edges: list[tuple[str, str, float]], stated: list[tuple[str, int, float]]
) -> None:
    draft = lamps()
    for narrow, wide, sure in edges:
        if narrow < wide:
            broader(draft, narrow, wide, sure)
    for name, row, sure in stated:
        kind(draft, name).hang(row, Origin(ALIGNMENT, sure))
    before = {iri: rows.tolist() for iri, rows in products_below(draft).items()}
    compress(draft)
    after = {iri: rows.tolist() for iri, rows in products_below(draft).items()}
    assert all(rows == before[iri] for iri, rows in after.items())
    assert all(not rows for iri, rows in before.items() if iri not in after)
    assert compress(draft).total == Saving()
