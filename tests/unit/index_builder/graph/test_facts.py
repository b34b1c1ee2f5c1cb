from engine.types import EntityKind, Product, ProductId
from index_builder.graph.draft import Draft, Edge
from index_builder.graph.facts import extract
from index_builder.graph.infer import drop_identifiers, infer, products_below
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri
from tests.ink_shop import PRODUCTS


def inferred() -> Draft:
    draft = extract(PRODUCTS)
    infer(draft, PRODUCTS)
    return draft


def test_spellings_and_languages_of_a_colour_meet_in_one_node() -> None:
    black = extract(PRODUCTS).nodes[node_iri("color", "black")]
    assert black.rows == [2, 3, 5, 9]
    assert black.label == "Black"  # written so twice, "black" and "黑色" once each
    assert black.names["黑色"] == 1.0  # stated; not merely a translation
    assert black.names["jet black"] == 0.9


def test_an_attribute_that_is_true_becomes_a_value_named_after_its_key() -> None:
    assert extract(PRODUCTS).nodes[node_iri("value", "wi_fi", "wi fi")].rows == [1, 2]


def test_numbers_make_no_nodes() -> None:
    assert not [iri for iri in extract(PRODUCTS).nodes if "yield_pages" in iri]


def test_a_category_path_is_a_chain_and_only_the_leaf_has_products() -> None:
    draft = extract(PRODUCTS)
    office, printers = node_iri("category", "office"), node_iri("category", "office", "printers")
    assert draft.nodes[office].rows == []
    assert draft.nodes[printers].rows == [0, 1, 2]
    assert Edge(printers, Term.BROADER, office, SourceGraph.CATALOGUE) in draft.edges


def test_a_type_that_ends_in_another_is_narrower() -> None:
    photo, printer = node_iri("type", "photo printer"), node_iri("type", "printer")
    assert Edge(photo, Term.BROADER, printer, SourceGraph.INFERENCE) in inferred().edges


def test_a_shade_is_narrower_than_its_colour_even_when_no_product_states_that() -> None:
    draft = inferred()
    dark, green = node_iri("color", "dark green"), node_iri("color", "green")
    assert Edge(dark, Term.BROADER, green, SourceGraph.INFERENCE) in draft.edges
    assert products_below(draft)[green].tolist() == [8]


def test_rows_of_narrower_nodes_count_for_the_broader() -> None:
    rows = products_below(inferred())
    assert rows[node_iri("type", "printer")].tolist() == [0, 1, 2]  # 0 is a photo printer
    assert rows[node_iri("category", "office")].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_targets_answer_to_shorter_names() -> None:
    target = inferred().nodes[node_iri("target", "inko lx200")]
    assert target.names == {"inko lx200": 1.0, "lx200": 0.9}  # 0.9 without the brand beats 0.8 by model


def test_the_same_value_of_two_attributes_is_tied_both_ways() -> None:
    one, two = node_iri("value", "sheet", "a4"), node_iri("value", "size", "a4")
    edges = inferred().edges
    assert Edge(one, Term.EXACT_MATCH, two, SourceGraph.INFERENCE) in edges
    assert Edge(two, Term.EXACT_MATCH, one, SourceGraph.INFERENCE) in edges


def test_values_are_tied_by_every_sure_name_but_not_within_an_attribute() -> None:
    """After resolution a node answers to the names of all that it was merged of."""
    products = [Product(ProductId("1"), "Bag", attributes={"lining": "Fabric", "cover": "Textile"})]
    products.append(Product(ProductId("2"), "Box", attributes={"lining": "Cloth", "base": "Felt"}))
    draft = extract(products)
    fabric, cover, cloth, felt = (
        draft.nodes[node_iri("value", *names)]
        for names in (("lining", "fabric"), ("cover", "textile"), ("lining", "cloth"), ("base", "felt"))
    )
    fabric.answer_to("textile", 0.9)  # "fabric" is the first name in order: by it alone nothing would be tied
    cloth.answer_to("fabric", 1.0)
    felt.answer_to("fabric", 0.89)

    infer(draft, products)

    same = {(edge.subject, edge.object) for edge in draft.edges if edge.predicate is Term.EXACT_MATCH}
    assert same == {(cover.iri, fabric.iri), (fabric.iri, cover.iri)}


def test_codes_that_hardly_repeat_are_dropped_and_shared_values_stay() -> None:
    products = [
        Product(
            ProductId(str(row)),
            "Thing",
            attributes={"code": f"ab{row}x", "finish": f"kind {row % 5}k"},
        )
        for row in range(60)
    ]
    draft = extract(products)
    drop_identifiers(draft)
    kept = {node.attribute for node in draft.of_kind(EntityKind.ATTRIBUTE_VALUE)}
    assert kept == {"finish"}  # 60 codes / 60 products against 5 finishes / 60 products
