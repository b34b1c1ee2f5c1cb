"""Sources that agree make a statement surer; of those that conflict the more trusted wins."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.draft import Edge, Origin
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, TextField
from index_builder.graph.upkeep.conflicts import Outcome
from index_builder.graph.upkeep.fuse import fuse
from index_builder.graph.upkeep.fusion_report import SAMPLES
from index_builder.graph.upkeep.trust import DEFAULT_TRUST, Trust
from index_builder.graph.vocabulary import SourceGraph, Term, ontology_graph
from tests.unit.index_builder.graph.upkeep.shop import PRODUCTS, brand, color, kind, lamps, value

GAZETTEER, TAGGER = SourceGraph.GAZETTEER, SourceGraph.TAGGER
TRUST: dict[str, float] = {
    SourceGraph.CATALOGUE: 1.0,
    GAZETTEER: 0.8,
    TAGGER: 0.5,
    SourceGraph.SIMILARITY: 0.6,
}


def mention(row: int, extractor: Extractor, confidence: float) -> Mention:
    return Mention(row, TextField.TITLE, 0, 4, Label.COLOR, "red", extractor, confidence)


def test_a_second_source_takes_its_share_of_the_doubt() -> None:
    draft = lamps()
    red = color(draft, "red")
    red.hang(0, Origin(GAZETTEER, 0.7))
    red.hang(0, Origin(TAGGER, 0.6))
    report = fuse(draft, PRODUCTS, TRUST)
    # The gazetteer weighs .8 * .7 = .56 against .5 * .6 = .30 and stands; the tagger is the witness.
    assert red.origins[0].source == GAZETTEER
    assert red.origins[0].confidence == pytest.approx(1 - (1 - 0.7) * (1 - 0.5 * 0.6))
    assert red.further[0] == (Origin(TAGGER, 0.6),)
    assert (report.agreed, report.surer) == (1, 1)


def test_mentions_of_two_layers_are_two_sources() -> None:
    draft = lamps()
    red = color(draft, "red")
    red.hang(0, Origin(GAZETTEER, 0.7))
    draft.evidence += [
        Evidence(red.iri, mention(0, Extractor.GAZETTEER, 0.7)),
        Evidence(red.iri, mention(0, Extractor.TAGGER, 0.6)),
        Evidence(red.iri, mention(1, Extractor.TAGGER, 0.6)),  # no statement was made of it
    ]
    fuse(draft, PRODUCTS, TRUST)
    assert red.origins[0].confidence == pytest.approx(0.79)  # 1 - .3 * .7, as above
    assert red.rows == [0]


def test_the_catalogue_gains_nothing_by_being_read_again() -> None:
    draft = lamps()
    white = color(draft, "white")
    draft.evidence.append(Evidence(white.iri, mention(0, Extractor.TAGGER, 0.6)))
    report = fuse(draft, PRODUCTS, TRUST)
    assert not white.origins
    assert report.agreed == 0


def test_what_slots_take_one_value_is_learned_from_the_catalogue() -> None:
    report = fuse(lamps(), PRODUCTS, TRUST)
    # Brand and type always; every lamp states one socket; half of them state two colours.
    assert set(report.functional) == {"brand", "type", "socket"}


def test_nineteen_products_show_nothing() -> None:
    draft = lamps()
    for row in range(19):
        value(draft, "base", "round").state(row, "round")
    assert "base" not in fuse(draft, PRODUCTS, TRUST).functional
    value(draft, "base", "round").state(19, "round")
    assert "base" in fuse(draft, PRODUCTS, TRUST).functional


def test_another_brand_read_in_the_text_is_dropped_with_its_evidence() -> None:
    draft = lamps()
    other = brand(draft, "other")
    other.hang(3, Origin(GAZETTEER, 0.95))
    draft.evidence.append(Evidence(other.iri, mention(3, Extractor.GAZETTEER, 0.95)))
    report = fuse(draft, PRODUCTS, TRUST)
    assert other.rows == []
    assert draft.evidence == []
    assert brand(draft, "lumo").rows == list(range(40))
    assert report.dropped == {("brand", GAZETTEER): 1}
    (decision,) = report.sample
    assert (decision.subject, decision.outcome, decision.after) == ("L3", Outcome.DROPPED, 0.0)
    assert "other" in decision.reason
    assert "dropped" in decision.reason


def test_the_loser_keeps_what_the_winner_leaves() -> None:
    draft = lamps()
    e14, gu10 = value(draft, "socket", "e14"), value(draft, "socket", "gu10")
    value(draft, "socket", "e27").drop(5)
    e14.hang(5, Origin(TAGGER, 0.9))
    gu10.hang(5, Origin(SourceGraph.SIMILARITY, 0.6))
    report = fuse(draft, PRODUCTS, TRUST)
    # .5 * .9 = .45 beats .6 * .6 = .36; the loser keeps .6 * (1 - .45) = .33: at least .2.
    assert e14.origins[5] == Origin(TAGGER, 0.9)
    assert gu10.origins[5].confidence == pytest.approx(0.33)
    assert report.cut == {("socket", SourceGraph.SIMILARITY): 1}
    assert not report.dropped


def test_two_values_of_one_source_are_no_conflict() -> None:
    draft = lamps()
    value(draft, "socket", "e14").state(0, "E14")
    report = fuse(draft, PRODUCTS, TRUST)
    assert value(draft, "socket", "e14").rows == [0]
    assert not report.sample


@pytest.mark.parametrize("predicate", [Term.BROADER, Term.EXACT_MATCH])
def test_a_narrower_or_an_equal_value_agrees(predicate: Term) -> None:
    draft = lamps()
    desk = kind(draft, "desk lamp")
    desk.hang(0, Origin(TAGGER, 0.6))
    draft.edges.add(Edge(desk.iri, predicate, kind(draft, "lamp").iri, SourceGraph.INFERENCE))
    fuse(draft, PRODUCTS, TRUST)
    assert desk.rows == [0]


@pytest.mark.parametrize(
    ("stated", "read", "kept"),
    [
        ("usb cable", "extension cables", True),
        ("power unit (pdu)", "steel power unit", True),
        ("激光打印机", "彩色打印机", True),
        ("phone case", "phone", False),
        ("打印机", "打印纸", False),
    ],
)
def test_types_with_the_same_head_do_not_exclude_each_other(stated: str, read: str, kept: bool) -> None:
    draft = lamps()
    kind(draft, "lamp").drop(0)
    kind(draft, stated).state(0, stated)
    kind(draft, read).hang(0, Origin(GAZETTEER, 0.9))
    fuse(draft, PRODUCTS)
    assert kind(draft, read).rows == ([0] if kept else [])


def test_a_product_whose_type_lost_gets_the_one_that_won() -> None:
    draft = lamps()
    lamp, torch = kind(draft, "lamp"), kind(draft, "torch")
    lamp.drop(0)
    lamp.hang(0, Origin(TAGGER, 0.3))
    torch.hang(0, Origin(GAZETTEER, 0.9))
    lamp.drop(1)
    lamp.hang(1, Origin(TAGGER, 0.9))
    torch.hang(1, Origin(GAZETTEER, 0.7))
    fuse(draft, PRODUCTS, TRUST)
    # .3 * (1 - .8 * .9) = .08 is dropped; .9 * (1 - .8 * .7) = .40 is kept, and is no longer the type.
    assert lamp.rows == list(range(1, 40))
    assert lamp.origins[1].confidence == pytest.approx(0.396)
    assert draft.types[:3] == [torch.iri, torch.iri, lamp.iri]


def test_a_pair_is_a_substitute_or_a_complement_not_both() -> None:
    draft = lamps()
    one, two = "urn:cartograph:product:L0", "urn:cartograph:product:L1"
    similar = Edge(one, Term.SIMILAR_TO, two, SourceGraph.SIMILARITY, 0.9)
    related = Edge(two, Term.RELATED_TO, one, SourceGraph.BEHAVIOUR, 0.4)
    draft.edges |= {similar, related}
    report = fuse(draft, PRODUCTS)
    # .6 * .9 = .54 against .7 * .4 = .28, which keeps .4 * .46 = .18: less than .2.
    assert draft.edges == {similar}
    assert report.dropped == {("substitute or complement", SourceGraph.BEHAVIOUR): 1}


def test_an_edge_of_two_sources_is_surer_in_the_graph_of_the_weightier() -> None:
    draft = lamps()
    for source, confidence in ((GAZETTEER, 0.5), (TAGGER, 0.8)):
        draft.edges.add(Edge("urn:a", Term.PART_OF, "urn:b", source, confidence))
    fuse(draft, PRODUCTS, TRUST)
    sure = {edge.source: edge.confidence for edge in draft.edges}
    # Both weigh .4; the first by name stands: 1 - (1 - .5) * (1 - .5 * .8) = .7.
    assert sure == {GAZETTEER: pytest.approx(0.7), TAGGER: 0.8}


def test_the_sample_is_bounded_and_goes_into_json() -> None:
    draft = lamps()
    for row in range(40):
        brand(draft, "other").hang(row, Origin(TAGGER, 0.5))
    report = fuse(draft, PRODUCTS, TRUST)
    assert report.dropped == {("brand", TAGGER): 40}
    assert len(report.sample) == SAMPLES
    told = json.loads(json.dumps(report.as_json()))
    assert told["dropped"] == [{"slot": "brand", "source": TAGGER, "statements": 40}]
    assert len(told["sample"]) == SAMPLES


def test_every_named_graph_has_a_trust() -> None:
    assert set(SourceGraph) - {SourceGraph.PROVENANCE} == set(DEFAULT_TRUST)
    assert Trust().of(ontology_graph("shopify")) == 0.9
    assert Trust().of("urn:somebody") == 0.5


def test_trust_outside_of_zero_and_one_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fuse(lamps(), PRODUCTS, {SourceGraph.TAGGER: 1.5})


confidences = st.floats(0.01, 1.0)


@given(st.dictionaries(st.sampled_from(sorted(DEFAULT_TRUST)), confidences, min_size=1, max_size=5))
def test_joined_confidence_never_falls_and_never_passes_one(told: dict[str, float]) -> None:
    trust = Trust()
    origins = [Origin(source, confidence) for source, confidence in told.items()]
    joined = trust.joined(origins)
    assert trust.ranked(origins)[0].confidence <= joined.confidence <= 1
    assert joined.confidence >= trust.joined(origins[:1]).confidence or joined.source != origins[0].source
    assert joined == trust.joined(origins[::-1])
