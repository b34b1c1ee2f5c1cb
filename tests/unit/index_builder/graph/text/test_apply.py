import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.draft import Draft, Edge
from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField
from index_builder.graph.text.apply import ApplyReport, apply_mentions
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri
from tests.unit.index_builder.graph.text.relation_shop import draft_of, product

PRODUCTS = [
    product(0, "Inko Jetto 4100 printer Black", color="Black", product_type="printer"),
    product(1, "Inko Jetto 4200 printer Noir", product_type="printer"),
    product(2, "Jetto ink for Jetto 4100", brand=""),
    product(3, "Inko toner for Jetto 4100/20", compatibility="Inko Jetto 4100"),
    product(4, "Beamo lamp for VP-200", "Beamo"),
    product(5, "Beamo Xtra", "Beamo"),
]


def says(
    row: int,
    words: str,
    label: Label,
    relation: Relation | None = None,
    *,
    name: str = "",
    sure: float = 0.9,
    extractor: Extractor = Extractor.GAZETTEER,
) -> Mention:
    start = PRODUCTS[row].title.index(words)
    name = name or words.lower()
    return Mention(row, TextField.TITLE, start, start + len(words), label, name, extractor, sure, relation)


def applied(*mentions: Mention) -> tuple[Draft, ApplyReport]:
    draft = draft_of(PRODUCTS)
    return draft, apply_mentions(draft, PRODUCTS, mentions)


def test_a_colour_read_in_a_title_hangs_on_the_catalogues_own_node_with_its_origin() -> None:
    draft, _ = applied(says(1, "Noir", Label.COLOR, name="black", sure=0.7))
    black = draft.nodes[node_iri("color", "black")]
    assert black.rows == [0, 1]
    assert black.source == SourceGraph.CATALOGUE
    assert (black.origins[1].source, black.origins[1].confidence) == (SourceGraph.GAZETTEER, 0.7)
    assert black.label == "Black"  # texts do not rename what the catalogue names


def test_what_the_product_states_itself_is_evidence_but_no_second_statement() -> None:
    draft, report = applied(says(0, "Black", Label.COLOR))
    black = draft.nodes[node_iri("color", "black")]
    assert (black.rows, black.origins) == ([0], {})
    assert [each.entity for each in draft.evidence] == [black.iri]
    assert (report.evidence[Label.COLOR], report.statements[Label.COLOR]) == (1, 0)


def test_a_product_without_brand_gets_the_one_that_is_surest() -> None:
    draft, report = applied(
        says(2, "Jetto", Label.BRAND, name="beamo", sure=0.6),
        says(2, "ink", Label.BRAND, name="inko", sure=0.8),
    )
    assert 2 in draft.nodes[node_iri("brand", "inko")].rows
    assert draft.nodes[node_iri("brand", "beamo")].rows == [4, 5]
    assert report.dropped[Label.BRAND] == 1


def test_a_product_with_a_brand_gets_no_other() -> None:
    draft, _ = applied(says(0, "Jetto", Label.BRAND, name="beamo"))
    assert draft.nodes[node_iri("brand", "beamo")].rows == [4, 5]


def test_a_product_without_type_gets_it_from_the_text() -> None:
    draft, _ = applied(says(5, "Xtra", Label.TYPE, name="printer"))
    assert draft.types[5] == node_iri("type", "printer")
    assert draft.nodes[draft.types[5]].rows == [0, 1, 5]


def test_a_series_of_two_products_is_a_node_tied_to_its_brand() -> None:
    draft, _ = applied(says(0, "Jetto", Label.SERIES, sure=0.8), says(1, "Jetto", Label.SERIES, sure=0.9))
    series = draft.nodes[node_iri("series", "inko", "jetto")]
    assert (series.rows, series.label, series.predicate) == ([0, 1], "Jetto", Term.SERIES)
    assert series.names == {"jetto": 0.9, "inko jetto": 0.9}
    assert Edge(series.iri, Term.BRAND, node_iri("brand", "inko"), SourceGraph.INFERENCE) in draft.edges


def test_a_new_name_that_one_product_bears_links_nothing_and_is_dropped() -> None:
    draft, report = applied(says(4, "VP-200", Label.SERIES), says(1, "4200", Label.CAPACITY, name="4200 ml"))
    assert (draft.evidence, report.dropped) == ([], {Label.SERIES: 1, Label.CAPACITY: 1})


def test_a_model_that_another_product_is_made_for_is_kept_even_alone() -> None:
    draft, _ = applied(says(0, "Jetto 4100", Label.MODEL))
    assert draft.nodes[node_iri("model", "inko", "jetto 4100")].rows == [0]


@pytest.mark.parametrize("name", ["other", "n/a", "various", "..."])
def test_placeholders_are_dropped(name: str) -> None:
    draft, _ = applied(
        says(0, "Jetto", Label.SERIES, name=name),
        says(1, "Jetto", Label.SERIES, name=name),
        says(2, "Jetto", Label.TARGET, Relation.ACCESSORY_OF, name=name),
    )
    assert draft.evidence == []


def test_a_size_is_named_by_its_normal_form() -> None:
    draft, _ = applied(
        says(0, "4100", Label.SIZE, name="39.6 cm"), says(1, "4200", Label.SIZE, name="39.6 cm")
    )
    assert draft.nodes[node_iri("size", "39.6 cm")].label == "39.6 cm"


def test_a_target_hangs_on_the_node_that_compatibility_fields_made() -> None:
    fits = Relation.COMPATIBLE_WITH
    draft, report = applied(
        says(2, "Jetto 4100", Label.TARGET, fits, extractor=Extractor.RELATION),
        says(3, "Jetto 4100/20", Label.TARGET, fits, extractor=Extractor.RELATION),
    )
    known = draft.nodes[node_iri("target", "inko jetto 4100")]
    assert known.rows == [2, 3]
    assert known.origins[2].source == SourceGraph.TEXT_RELATIONS
    assert 3 not in known.origins  # stated in a field
    assert draft.nodes[node_iri("target", "jetto 4120")].rows == [3]  # 20 replaces the end of 4100
    assert report.nodes[Label.TARGET] == 1


def test_other_relations_have_nodes_of_their_own_tied_to_the_target_of_that_name() -> None:
    draft, _ = applied(
        says(4, "VP-200", Label.TARGET, Relation.PART_OF),
        says(2, "Jetto 4100", Label.TARGET, Relation.PART_OF),
    )
    whole = draft.nodes[node_iri("whole", "vp-200")]
    assert (whole.rows, whole.relation, whole.predicate) == ([4], "part of", Term.PART_OF)
    assert node_iri("target", "vp-200") not in draft.nodes  # nothing fits it
    jetto = node_iri("whole", "inko jetto 4100")
    tie = Edge(jetto, Term.EXACT_MATCH, node_iri("target", "inko jetto 4100"), SourceGraph.TEXT_RELATIONS)
    assert tie in draft.edges


MENTIONS = [
    says(0, "Jetto", Label.SERIES),
    says(1, "Jetto", Label.SERIES, sure=0.5, extractor=Extractor.TAGGER),
    says(2, "Jetto 4100", Label.TARGET, Relation.COMPATIBLE_WITH),
    says(4, "VP-200", Label.TARGET, Relation.PART_OF),
    says(1, "Noir", Label.COLOR, name="black"),
    says(1, "Noir", Label.COLOR, name="black", sure=0.4, extractor=Extractor.TAGGER),
    says(2, "ink", Label.TYPE, name="printer"),
]


@given(st.permutations(MENTIONS))
def test_the_order_of_mentions_changes_nothing_and_rows_stay_sorted(mixed: list[Mention]) -> None:
    draft, _ = applied(*mixed)
    straight, _ = applied(*MENTIONS)
    assert draft.nodes == straight.nodes
    assert draft.evidence == straight.evidence
    assert draft.types == straight.types
    assert all(node.rows == sorted(set(node.rows)) for node in draft.nodes.values())


def test_nothing_read_changes_nothing() -> None:
    assert applied()[0] == draft_of(PRODUCTS)


def test_a_shop_without_products_reports_nothing() -> None:
    assert apply_mentions(draft_of([]), [], []) == ApplyReport({}, {}, {}, {})
