from engine.types import Product
from index_builder.graph.draft import Draft
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, Relation, TextField
from index_builder.graph.text.targets_shop import MAX_PRODUCTS, tie_targets
from index_builder.graph.vocabulary import Term, node_iri
from tests.unit.index_builder.graph.text.relation_shop import draft_of, product


def ties(products: list[Product], draft: Draft | None = None) -> set[tuple[str, str]]:
    draft = draft or draft_of(products)
    tie_targets(draft, products)
    return {
        (draft.nodes[edge.subject].label, edge.object.rpartition(":")[2])
        for edge in draft.edges
        if edge.predicate is Term.EXACT_MATCH
    }


def ink(fits: str, brand: str = "Inko") -> Product:
    return product(9, f"{brand} 20 ink cartridge", brand, compatibility=fits)


def test_a_target_is_the_product_whose_title_begins_with_its_name() -> None:
    printer = product(1, "Inko Jetto 4100 printer White")
    assert ties([printer, ink("Inko Jetto 4100")]) == {("Inko Jetto 4100", "P1")}
    assert ties([printer, ink("Jetto 4100")]) == {("Jetto 4100", "P1")}
    assert ties([printer, ink("Jetto 4200")]) == set()


def test_a_model_alone_names_it_when_one_brand_has_it() -> None:
    printer = product(1, "Inko Jetto XR310 printer")
    assert ties([printer, ink("XR310")]) == {("XR310", "P1")}
    assert ties([printer, product(2, "Compo XR310 desk", "Compo"), ink("XR310")]) == set()


def test_a_number_without_letters_needs_its_series() -> None:
    assert ties([product(1, "Inko Jetto 4100 printer"), ink("Other 4100")]) == set()


def test_another_brand_in_front_is_another_thing() -> None:
    products = [
        product(1, "Inko XR310 printer"),
        product(2, "Compo NB1 notebook", "Compo"),
        ink("Compo XR310"),
    ]
    assert ties(products) == set()


def test_a_product_that_fits_the_target_is_not_it() -> None:
    toner = product(1, "Inko XR310 toner", compatibility="XR310")
    assert ties([toner]) == set()


def test_a_title_that_names_the_target_as_what_it_fits_is_not_it() -> None:
    products = [product(1, "Inko XR310 toner"), ink("XR310")]
    draft = draft_of(products)
    mention = Mention(
        0, TextField.TITLE, 5, 10, Label.TARGET, "xr310", Extractor.RELATION, 0.9, Relation.COMPATIBLE_WITH
    )
    draft.evidence.append(Evidence(node_iri("target", "xr310"), mention))
    assert ties(products, draft) == set()
    assert ties([product(1, "Inko toner for XR310"), ink("XR310")]) == set()  # a cue says so as well


def test_a_name_that_too_many_products_bear_names_none() -> None:
    many = [product(i, f"Inko XR310 desk {i}") for i in range(20, 21 + MAX_PRODUCTS)]
    assert ties([*many, ink("XR310")]) == set()
    assert len(ties([*many[1:], ink("XR310")])) == MAX_PRODUCTS


def test_a_target_answers_to_its_name_without_brand_and_to_its_model() -> None:
    draft = draft_of([ink("Inko Jetto 4100n")])
    tie_targets(draft, [ink("Inko Jetto 4100n")])
    assert draft.nodes[node_iri("target", "inko jetto 4100n")].names == {
        "inko jetto 4100n": 1.0, "jetto 4100n": 0.9, "4100n": 0.8,
    }  # fmt: skip
