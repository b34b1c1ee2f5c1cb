"""What was read where is kept as it was read."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DamagedGenerationError
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, Relation, TextField
from index_builder.graph.evidence_table import (
    EVIDENCE,
    MENTIONS,
    mentions_of,
    read_evidence,
    read_mentions,
    write_evidence,
    write_mentions,
)

COLOR = Mention(4, TextField.TITLE, 0, 5, Label.COLOR, "black", Extractor.GAZETTEER, 0.5)
TARGET = Mention(
    2, TextField.DESCRIPTION, 8, 20, Label.TARGET, "x 200", Extractor.RELATION, 0.75, Relation.COMPATIBLE_WITH
)


def test_evidence_comes_back_by_product_with_the_place_of_its_entity(tmp_path: Path) -> None:
    evidence = [Evidence("urn:color", COLOR), Evidence("urn:target", TARGET)]
    assert write_evidence(evidence, {"urn:color": 7, "urn:target": 1}, tmp_path) == 2
    assert list(mentions_of(read_evidence(tmp_path))) == [(1, TARGET), (7, COLOR)]


def test_evidence_of_an_entity_that_was_dropped_is_left_out(tmp_path: Path) -> None:
    assert write_evidence([Evidence("urn:gone", COLOR)], {}, tmp_path) == 0
    assert list(mentions_of(read_evidence(tmp_path))) == []


def test_mentions_that_became_no_statement_are_kept_by_product(tmp_path: Path) -> None:
    assert write_mentions([COLOR, TARGET], tmp_path) == 2
    assert read_mentions(tmp_path) == [TARGET, COLOR]


mentions = st.builds(
    Mention,
    row=st.integers(0, 3),
    field=st.sampled_from(TextField),
    start=st.integers(0, 3),
    end=st.integers(4, 6),
    label=st.sampled_from(Label),
    name=st.sampled_from(["black", "黑色"]),
    extractor=st.sampled_from(Extractor),
    confidence=st.sampled_from([0.25, 0.5, 1.0]),
    relation=st.none() | st.sampled_from(Relation),
)
some = st.lists(st.builds(Evidence, st.sampled_from(["urn:a", "urn:b", "urn:gone"]), mentions), max_size=8)


@settings(max_examples=30, deadline=None)
@given(evidence=some, shuffled=st.randoms(use_true_random=False))
def test_the_order_in_which_evidence_comes_changes_no_byte(
    tmp_path_factory: pytest.TempPathFactory, evidence: list[Evidence], shuffled: Random
) -> None:
    places = {"urn:a": 0, "urn:b": 1}
    other = list(evidence)
    shuffled.shuffle(other)
    written = []
    for each in (evidence, other):
        folder = tmp_path_factory.mktemp("evidence")
        write_evidence(each, places, folder)
        written.append((folder / EVIDENCE).read_bytes())
    assert written[0] == written[1]
    known = sorted(str((places[each.entity], each.mention)) for each in evidence if each.entity in places)
    assert sorted(str(pair) for pair in mentions_of(read_evidence(folder))) == known


@settings(max_examples=30, deadline=None)
@given(found=st.lists(mentions, max_size=8), shuffled=st.randoms(use_true_random=False))
def test_the_order_in_which_mentions_come_changes_no_byte(
    tmp_path_factory: pytest.TempPathFactory, found: list[Mention], shuffled: Random
) -> None:
    other = list(found)
    shuffled.shuffle(other)
    one, two = (tmp_path_factory.mktemp("mentions") for _ in range(2))
    assert write_mentions(found, one) == write_mentions(other, two) == len(found)
    assert (one / MENTIONS).read_bytes() == (two / MENTIONS).read_bytes()
    assert sorted(map(str, read_mentions(one))) == sorted(map(str, found))


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    (tmp_path / EVIDENCE).write_bytes(b"ARROW1")
    with pytest.raises(DamagedGenerationError, match=r"evidence\.arrow"):
        read_evidence(tmp_path)
    with pytest.raises(DamagedGenerationError, match=r"mentions\.arrow"):
        read_mentions(tmp_path)
