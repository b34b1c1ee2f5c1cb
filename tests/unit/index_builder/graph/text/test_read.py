import pytest

from engine.types import Product, ProductId
from index_builder.graph.evidence import Extractor, Label, TextField
from index_builder.graph.facts import extract
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.graph.text.read import _filled, read_texts
from index_builder.graph.text.span import Span
from tests.unit.index_builder.graph.text.shop import product, shop


def read(added: Product, **options: object) -> list[tuple[str, Label, str]]:
    products = [*shop(), added]
    mentions = read_texts(products, extract(products), **options)  # type: ignore[arg-type]  # tests pass what fits
    texts = {TextField.TITLE: added.title, TextField.DESCRIPTION: added.description}
    return [
        (texts[mention.field][mention.start : mention.end], mention.label, mention.name)
        for mention in mentions
        if mention.row == len(products) - 1
    ]


def test_a_title_is_read_whole() -> None:
    found = read(product('Nordlys Aurora KX-2207 desk lamp Red 15.6"', "Nordlys", color="Red"))

    assert found == [
        ("Nordlys", Label.BRAND, "nordlys"),
        ("Aurora", Label.SERIES, "aurora"),
        ("KX-2207", Label.MODEL, "kx-2207"),
        ("desk lamp", Label.TYPE, "desk lamp"),
        ("Red", Label.COLOR, "red"),
        ('15.6"', Label.SIZE, "39.6 cm"),
    ]


def test_a_chinese_title_is_read_by_names_and_quantities() -> None:
    concept = Concept("urn:cup", {"en": "Vacuum Cups", "zh-cn": "保温杯"})
    kinds = Ontology("kinds", (concept,), ())

    found = read(product("诺莱 不锈钢保温杯 黑色 ５００毫升 户外", "诺莱"), ontologies=(kinds,))

    assert ("诺莱", Label.BRAND, "诺莱") in found
    assert ("保温杯", Label.TYPE, "保温杯") in found
    assert ("黑色", Label.COLOR, "黑色") in found
    assert ("５００毫升", Label.CAPACITY, "500 ml") in found
    assert ("户外", Label.OCCASION, "户外") in found


def test_numbers_after_for_are_those_of_other_products() -> None:
    found = read(product("Acme water filter for KX-7788", "Acme", compatible_with="KX-7788"))

    assert ("KX-7788", Label.TARGET, "kx-7788") in found


def test_chinese_words_for_fitting_do_the_same() -> None:
    found = read(product("诺莱硒鼓适用KX-7788打印机", "诺莱", model="ZZ-9"))

    assert ("KX-7788", Label.TARGET, "kx-7788") in found
    assert [text for text, label, _ in found if label is Label.TYPE] == ["硒鼓"]  # no printer


def test_nothing_to_read_is_read_as_nothing() -> None:
    assert read_texts([], extract([])) == []
    assert read(product("")) == []
    assert read(product("***  —  ()", "Acme")) == []


def test_what_a_product_states_as_its_number_is_its_model() -> None:
    assert ("ZZ-9", Label.MODEL, "zz-9") in read(product("Acme ZZ-9 desk lamp", "Acme", model="ZZ-9"))


def test_a_description_adds_what_the_title_does_not_say() -> None:
    added = Product(
        ProductId("1"),
        "Acme desk lamp Red",
        brand="Acme",
        description="A red lamp with a cord of 2 m, for the beach.",
    )

    found = read(added)

    assert ("2 m", Label.SIZE, "2 m") in found
    assert ("beach", Label.OCCASION, "beach") in found
    assert [label for _, label, _ in found].count(Label.COLOR) == 1
    assert ("2 m", Label.SIZE, "2 m") not in read(added, descriptions=False)


@pytest.mark.parametrize(
    ("layer", "labels"),
    [(Extractor.QUANTITY, {Label.SIZE}), (Extractor.GAZETTEER, {Label.BRAND, Label.TYPE, Label.COLOR})],
)
def test_each_layer_can_be_read_alone(layer: Extractor, labels: set[Label]) -> None:
    found = read(product("Acme desk lamp Red 2 m", "Acme", color="Red"), layers={layer})

    assert {label for _, label, _ in found} == labels


def test_the_tagger_fills_only_what_is_free_sure_and_no_measure() -> None:
    ours = [Span(0, 4, Label.BRAND, 0.99)]
    free = Span(5, 9, Label.TYPE, 0.95, Extractor.TAGGER)
    overlapping = Span(2, 4, Label.MODEL, 0.99, Extractor.TAGGER)
    unsure = Span(10, 12, Label.COLOR, 0.7, Extractor.TAGGER)
    measure = Span(13, 15, Label.SIZE, 0.99, Extractor.TAGGER)

    assert _filled(ours, [overlapping, free, unsure, measure]) == [*ours, free]


def test_reading_again_gives_the_same_mentions() -> None:
    products = shop()

    assert read_texts(products, extract(products)) == read_texts(products, extract(products))
