"""What was read where is kept as it was read."""

from pathlib import Path

import pytest

from engine.errors import DamagedGenerationError
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, Relation, TextField
from index_builder.graph.evidence_table import EVIDENCE, mentions_of, read_evidence, write_evidence

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


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    (tmp_path / EVIDENCE).write_bytes(b"ARROW1")
    with pytest.raises(DamagedGenerationError, match=r"evidence\.arrow"):
        read_evidence(tmp_path)
