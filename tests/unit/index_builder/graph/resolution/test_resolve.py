"""Names that mean the same become one node; what hung on the others hangs there; it can be undone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.types import EntityKind, FloatArray
from index_builder.graph.draft import Draft, Edge, Origin
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, TextField
from index_builder.graph.resolution.report import MERGES, write_merges
from index_builder.graph.resolution.resolve import resolve
from index_builder.graph.resolution.same_as import SameAs
from index_builder.graph.vocabulary import SourceGraph, Term
from tests.unit.index_builder.graph.resolution.shop import (
    brand,
    product_type,
    products,
    series,
    target,
    value,
)


def merged(draft: Draft, count: int = 12, *brands: str, same_as: SameAs | None = None) -> dict[str, str]:
    report = resolve(draft, products(count, *brands), same_as=same_as)
    return {merge.name: merge.into for merge in report.merges}


def test_the_node_of_most_products_stays_and_gains_rows_names_and_spellings() -> None:
    draft = Draft()
    many, few = value(draft, "RX-45", range(5)), value(draft, "RX45", [5, 6])
    resolve(draft, products(7))
    assert set(draft.nodes) == {many.iri}
    assert many.rows == [0, 1, 2, 3, 4, 5, 6]
    assert many.spellings == {"RX-45": 5, "RX45": 2}
    assert many.label == "RX-45"
    assert many.names["rx-45"] == 1.0
    assert 0.6 < many.names["rx45"] < 1.0
    assert few.iri not in draft.nodes


def test_a_merge_is_told_with_its_reasons_and_in_the_graph(tmp_path: Path) -> None:
    draft = Draft()
    many, few = value(draft, "grey box", range(3)), value(draft, "gray box", [4])
    report = resolve(draft, products(5))
    [merge] = report.merges
    assert (merge.old, merge.new, merge.name, merge.into) == (few.iri, many.iri, "gray box", "grey box")
    assert merge.reasons[0] == "American and British spelling (gray = grey)"
    assert Edge(few.iri, Term.EXACT_MATCH, many.iri, SourceGraph.RESOLUTION) in draft.edges
    lines = write_merges(report, tmp_path).read_text(encoding="utf-8").splitlines()
    assert (tmp_path / MERGES).exists()
    assert lines[1].split("\t")[:4] == ["attribute_value", "plug", "gray box", "grey box"]
    assert len(lines) == 2


def test_edges_types_and_evidence_follow() -> None:
    draft = Draft()
    kind, other = product_type(draft, "fibre cable", range(3)), product_type(draft, "fiber cable", [3])
    wide = product_type(draft, "cable", [])
    draft.edges |= {
        Edge(other.iri, Term.BROADER, wide.iri, SourceGraph.INFERENCE, 0.9),
        Edge(kind.iri, Term.BROADER, wide.iri, SourceGraph.INFERENCE, 0.5),
        Edge(kind.iri, Term.EXACT_MATCH, other.iri, SourceGraph.INFERENCE),
    }
    draft.types = [kind.iri, kind.iri, kind.iri, other.iri]
    mention = Mention(3, TextField.TITLE, 0, 5, Label.TYPE, "fiber cable", Extractor.TAGGER, 0.9)
    draft.evidence = [Evidence(other.iri, mention)]
    resolve(draft, products(4))
    assert draft.types == [kind.iri] * 4
    assert draft.evidence == [Evidence(kind.iri, mention)]
    [edge] = [each for each in draft.edges if each.predicate is Term.BROADER]
    assert (edge.subject, edge.object, edge.confidence) == (kind.iri, wide.iri, 0.9)
    assert {each.subject for each in draft.edges if each.predicate is Term.EXACT_MATCH} == {other.iri}


def test_origins_move_with_their_rows() -> None:
    draft = Draft()
    many, few = value(draft, "RX-45", range(3)), value(draft, "RX45", [5])
    few.hang(6, Origin(SourceGraph.TAGGER, 0.7))
    few.hang(2, Origin(SourceGraph.TAGGER, 0.8))
    resolve(draft, products(7))
    assert many.rows == [0, 1, 2, 5, 6]
    assert many.origins == {6: Origin(SourceGraph.TAGGER, 0.7)}
    assert many.origins_of(2) == (Origin(SourceGraph.CATALOGUE, 1.0), Origin(SourceGraph.TAGGER, 0.8))


def test_forbidding_a_merge_restores_the_two_nodes_exactly() -> None:
    draft = Draft()
    value(draft, "RX-45", range(3))
    value(draft, "RX45", [5])
    value(draft, "Halal", [6])
    before = copy.deepcopy(draft.nodes)
    undone = merged(draft, same_as=SameAs(apart=frozenset({("rx-45", "rx45")})))
    assert undone == {}
    assert draft.nodes == before
    assert draft.edges == set()


def test_forcing_joins_names_that_nothing_else_does() -> None:
    draft = Draft()
    value(draft, "sofa", range(3))
    value(draft, "couch", [5])
    report = resolve(draft, products(6), same_as=SameAs(same=frozenset({("couch", "sofa"), ("x", "y")})))
    assert [(merge.name, merge.into, merge.confidence) for merge in report.merges] == [("couch", "sofa", 1.0)]
    assert report.merges[0].reasons == ("the same-as file says so",)
    assert report.unknown == ("x", "y")


def test_what_a_third_name_joins_is_explained_by_way_of_it() -> None:
    draft = Draft()
    value(draft, "grey tie", range(4))
    value(draft, "grey ties", [4, 5])
    value(draft, "Gray-ties", [6])
    report = resolve(draft, products(7))
    assert {merge.name: merge.into for merge in report.merges} == {
        "grey ties": "grey tie",
        "Gray-ties": "grey tie",
    }


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("DVI-D", "DVI-I"), ("System 8", "System 8.1"), ("Phone 4", "Phone 4S"), ("S20", "S20+"),
        ("Polyester", "Polystyrene"), ("Cyan", "Light cyan"), ("charger", "changer"), ("male", "female"),
        ("QWERTX", "QWERTZ"), ("5-15P", "5-15R"), ("8 GB", "16 GB"), ("红色", "红酒色"),
    ],
)  # fmt: skip
def test_what_only_looks_alike_stays_apart(one: str, two: str) -> None:
    draft = Draft()
    value(draft, one, range(4))
    value(draft, two, [5])
    assert merged(draft) == {}


def test_values_of_two_attributes_are_not_compared() -> None:
    draft = Draft()
    value(draft, "RX-45", range(3), "plug")
    value(draft, "RX45", [5], "socket")
    assert merged(draft) == {}


def test_a_brand_may_be_left_out_where_its_own_products_say_so() -> None:
    draft = Draft()
    brand(draft, "Acme")
    target(draft, "Acme Runner 300", [0, 2, 4])
    target(draft, "Runner 300", [6])
    target(draft, "Acme Walker 300", [0])
    target(draft, "Walker 300", [7])
    # Rows alternate between Acme and Other: row 6 is Acme's, row 7 is Other's.
    assert merged(draft, 12, "Acme", "Other") == {"Runner 300": "Acme Runner 300"}


def test_initials_name_a_brand_only_where_both_sell_the_same_things() -> None:
    def shop(types: Sequence[str]) -> Draft:
        draft = Draft()
        brand(draft, "Bright Widgets", [0, 1])
        brand(draft, "BW", [2, 3])
        for row, text in enumerate(types):
            product_type(draft, text, [row])
        product_type(draft, "sofa", range(4, 12))
        return draft

    assert merged(shop(["lamp", "lamp", "lamp", "lamp"])) == {"Bright Widgets": "BW"}
    assert merged(shop(["lamp", "lamp", "rope", "rope"])) == {}


def test_two_brands_of_one_model_name_are_two_things() -> None:
    draft = Draft()
    brand(draft, "Acme")
    brand(draft, "Other")
    target(draft, "Acme Runner 300", [0])
    target(draft, "Other Runner 300", [1])
    assert merged(draft, 12, "Acme", "Other") == {}


def test_lines_of_two_brands_with_one_name_are_two_lines() -> None:
    draft = Draft()
    acme, other = brand(draft, "Acme"), brand(draft, "Other")
    lines = [
        series(draft, "Pro-Line", acme, [0, 2]), series(draft, "ProLine", acme, [4]),
        series(draft, "ProLine", other, [1]),
    ]  # fmt: skip
    for line, owner in zip(lines, (acme, acme, other), strict=True):
        draft.edges.add(Edge(line.iri, Term.BRAND, owner.iri, SourceGraph.INFERENCE))
    report = resolve(draft, products(6))
    assert [(merge.old, merge.new) for merge in report.merges] == [(lines[1].iri, lines[0].iri)]


def test_what_products_fit_is_not_what_they_are_part_of() -> None:
    draft = Draft()
    target(draft, "Runner 300", [0])
    whole = draft.node(
        EntityKind.COMPATIBLE_TARGET, "runner 300", space="whole", relation="part of", predicate=Term.PART_OF
    )
    whole.state(1, "Runner-300")
    whole.answer_to("runner 300", 1.0)
    assert merged(draft) == {}


def test_brackets_that_differ_from_name_to_name_tell_things_apart() -> None:
    draft = Draft()
    for text, rows in (("Layout", range(3)), ("Layout (British)", [4]), ("Layout (German)", [5])):
        value(draft, text, rows)
    assert merged(draft) == {}


def test_the_meaning_is_asked_for_once_and_only_where_it_can_decide() -> None:
    calls: list[list[str]] = []

    def embed(texts: Sequence[str]) -> FloatArray:
        calls.append(list(texts))
        return np.tile(np.array([1.0, 0.0], np.float32), (len(texts), 1))

    def draft() -> Draft:
        made = Draft()
        value(made, "Permit", range(3))
        value(made, "Permit (Taiwan)", [4])
        value(made, "RX-45", range(3))
        value(made, "RX45", [5])
        return made

    near, far = draft(), draft()
    report = resolve(near, products(6), embed=embed)
    assert calls == [["Permit (Taiwan)", "Permit"]] or calls == [["Permit", "Permit (Taiwan)"]]
    assert report.embedded == 2
    assert {merge.name for merge in report.merges} == {"RX45", "Permit (Taiwan)"}
    report = resolve(far, products(6), embed=lambda texts: np.eye(len(texts), dtype=np.float32))
    assert {merge.name for merge in report.merges} == {"RX45"}


def test_values_that_name_a_brand_are_tied_to_it() -> None:
    draft = Draft()
    acme = brand(draft, "Acme", [0, 1])
    fits = value(draft, "ACME Inc.", [2, 3], "brand_compatibility")
    value(draft, "any", [4], "brand_compatibility")
    stray = value(draft, "Acme", [5], "note")
    value(draft, "seldom a brand", [6, 7], "note")
    report = resolve(draft, products(8))
    assert report.ties == 1
    assert Edge(fits.iri, Term.EXACT_MATCH, acme.iri, SourceGraph.RESOLUTION) in draft.edges
    assert not any(stray.iri in (edge.subject, edge.object) for edge in draft.edges)


def test_the_same_draft_gives_the_same_merges_in_the_same_order() -> None:
    def build(order: Sequence[str]) -> Draft:
        draft = Draft()
        for text in order:
            value(draft, text, [len(text)])
        return draft

    names = ["RX-45", "RX45", "RX 45", "grey tie", "gray ties", "SATA II", "Serial ATA II"]
    one, two = (resolve(build(order), products(20)).merges for order in (names, names[::-1]))
    assert one == two
    assert len(one) == 4  # seven names, three meanings
