"""Attribute keys and values meet the taxonomy's, by the same words, then by meaning, and no further."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from engine.types import FloatArray
from index_builder.graph.alignment.apply_attributes import apply_attributes
from index_builder.graph.alignment.attributes import align_attributes
from index_builder.graph.alignment.meanings import Meanings
from index_builder.graph.draft import Edge
from index_builder.graph.facts import extract
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri
from tests.unit.index_builder.graph.alignment.kitchen import PRODUCTS, TAXONOMY, product

BLACK, GRAY, CERAMIC = range(3)


def told_alike(*pairs: Sequence[str]) -> Meanings:
    """An encoder to which the texts of each group are the same, and all others at right angles."""
    group: Mapping[str, str] = {text: pair[0] for pair in pairs for text in pair}
    places: dict[str, int] = {}

    def encode(texts: Sequence[str]) -> FloatArray:
        rows = np.zeros((len(texts), 128), np.float32)
        for row, text in enumerate(texts):
            rows[row, places.setdefault(group.get(text, text), len(places))] = 1
        return rows

    return Meanings(encode)


def test_the_same_words_meet_whatever_their_case_spelling_and_brackets() -> None:
    found = align_attributes(extract(PRODUCTS), TAXONOMY)

    assert {key: TAXONOMY.attributes[match.place].id for key, match in found.keys.items()} == {
        "color": "color",
        "coating_type": "coating_type",
    }
    assert found.values[node_iri("color", "black")].place == BLACK
    assert found.values[node_iri("color", "grey")].place == GRAY
    ptfe = found.values[node_iri("value", "coating_type", "ptfe")]
    assert TAXONOMY.values[ptfe.place].name == "PTFE (Teflon)"
    assert ptfe.confidence == 0.9  # all words but those in brackets
    assert found.values[node_iri("value", "coating_type", "ceramic")].place == CERAMIC


def test_a_chinese_value_meets_the_taxonomys_by_the_shipped_table() -> None:
    products = [product(number, "锅", "锅", color="黑色") for number in range(2)]
    draft = extract(products)
    (iri,) = [node.iri for node in draft.nodes.values() if node.label == "黑色"]
    assert align_attributes(draft, TAXONOMY).values[iri].place == BLACK


def test_what_only_one_product_says_is_left_alone() -> None:
    draft = extract([product(0, "Pan", "pan", coating_type="Ceramic"), product(1, "Pot", "pot")])
    assert align_attributes(draft, TAXONOMY).values == {}


@pytest.mark.parametrize(
    ("text", "name", "ties"),
    [
        ("nonstick", "PTFE (Teflon)", True),
        ("PTFE coating", "PTFE 2.0", False),  # a number tells them apart
        ("rough ceramic", "Ceramic", False),  # narrower, not the same
    ],
)
def test_meaning_ties_what_words_do_not_tell_apart(text: str, name: str, ties: bool) -> None:
    products = [product(number, "Pan", "pan", coating_type=text) for number in range(2)]
    draft = extract(products)
    found = align_attributes(draft, TAXONOMY, told_alike((text, name)))
    tied = found.values.get(node_iri("value", "coating_type", text.lower()))
    assert (tied is not None) == ties
    if tied is not None:
        assert TAXONOMY.values[tied.place].name == name
        assert tied.confidence == 0.9  # the cosine is 1, and meaning is never surer than another spelling


def test_ties_become_edges_and_values_answer_to_the_taxonomys_name() -> None:
    draft = extract(PRODUCTS)
    apply_attributes(draft, TAXONOMY, align_attributes(draft, TAXONOMY))

    grey = node_iri("color", "grey")
    theirs = "gid://shopify/TaxonomyValue/color__gray"
    assert Edge(grey, Term.EXACT_MATCH, theirs, SourceGraph.ALIGNMENT) in draft.edges
    key = node_iri("attribute", "coating_type")
    theirs = "gid://shopify/TaxonomyAttribute/coating_type"
    assert Edge(key, Term.EXACT_MATCH, theirs, SourceGraph.ALIGNMENT) in draft.edges
