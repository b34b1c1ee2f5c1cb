"""What a user may type for an entity, and what is said when it names none or several."""

from urllib.parse import unquote

import pytest

from index_builder.graph.view.find import AmbiguousNameError, UnknownEntityError, find
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.terms import short


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("urn:cartograph:brand:inko", "urn:cartograph:brand:inko"),
        ("<urn:cartograph:brand:inko>", "urn:cartograph:brand:inko"),
        ("brand:inko", "urn:cartograph:brand:inko"),
        ("brand:Inko", "urn:cartograph:brand:inko"),
        ("Inko", "urn:cartograph:brand:inko"),
        (" inko  LX200 ", "urn:cartograph:target:inko%20lx200"),
        ("product:P 3", "urn:cartograph:product:P%203"),
        ("黑色", "urn:cartograph:color:black"),
        ("https://schema.org/Product", "https://schema.org/Product"),
    ],
)
def test_iris_short_names_and_names_are_understood(opened: OpenedGraph, text: str, iri: str) -> None:
    assert find(opened, text).iri == iri


def test_every_entity_is_found_by_its_short_name(opened: OpenedGraph) -> None:
    for entity in opened.tables.entities:
        assert find(opened, short(entity.iri)).iri == entity.iri


def test_a_short_name_may_be_written_as_it_is_read(opened: OpenedGraph) -> None:
    for entity in opened.tables.entities:
        assert find(opened, unquote(short(entity.iri))).iri == entity.iri


def test_a_name_of_several_entities_lists_them_and_how_to_choose(opened: OpenedGraph) -> None:
    with pytest.raises(AmbiguousNameError, match=r"'a4' names 2 entities; choose one .* 'value:") as caught:
        find(opened, "a4")

    chosen = [find(opened, short(sense.iri)) for sense in caught.value.senses]
    assert [node.attribute for node in chosen] == ["sheet", "size"]


def test_a_kind_chooses_among_the_senses(opened: OpenedGraph) -> None:
    assert find(opened, "color:grey").kind == "color"
    with pytest.raises(UnknownEntityError):
        find(opened, "brand:grey")


def test_close_matches_are_offered(opened: OpenedGraph) -> None:
    with pytest.raises(UnknownEntityError, match=r"'inko lx400'\. Did you mean 'inko lx[23]00' or 'inko lx"):
        find(opened, "inko lx400")
    with pytest.raises(UnknownEntityError, match=r"Did you mean 'product:P 7'\?"):
        find(opened, "product:P 77")


def test_what_resembles_nothing_is_told_what_may_be_given(opened: OpenedGraph) -> None:
    with pytest.raises(UnknownEntityError, match="Give an IRI, product:ID, KIND:NAME or a name"):
        find(opened, "zzzzqqqq")
