"""Each layer reads labelled titles as if there were no other."""

from __future__ import annotations

from index_builder.graph.evidence import Extractor
from index_builder.graph.gold.layers import read_alone
from tests.ink_shop import PRODUCTS


def test_layers_read_the_titles_of_the_rows_asked_for_and_nothing_else() -> None:
    found = read_alone(PRODUCTS, [9, 6, 6])

    assert set(found) == {Extractor.GAZETTEER, Extractor.QUANTITY}  # no tagger is given
    names = found[Extractor.GAZETTEER]
    assert {mention.row for mention in names} == {6, 9}
    assert [PRODUCTS[6].title[each.start : each.end] for each in names if each.row == 6][:1] == ["Inko"]
    assert {"黑色"} <= {PRODUCTS[9].title[each.start : each.end] for each in names if each.row == 9}


def test_a_layer_keeps_to_itself() -> None:
    found = read_alone(PRODUCTS, range(len(PRODUCTS)))

    for layer, mentions in found.items():
        assert {mention.extractor for mention in mentions} <= {layer}
