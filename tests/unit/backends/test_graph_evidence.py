from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from engine.backends.graph_evidence import EVIDENCE, EvidenceLine, GraphEvidence
from engine.errors import DamagedGenerationError
from index_builder.graph.evidence import Evidence, Extractor, Label, Mention, Relation, TextField
from index_builder.graph.evidence_table import write_evidence

PLACES = {"urn:black": 7, "urn:lx300": 8}


def mention(row: int, start: int, relation: Relation | None = None) -> Mention:
    return Mention(
        row, TextField.TITLE, start, start + 5, Label.COLOR, "black", Extractor.TAGGER, 0.5, relation
    )


def test_evidence_of_a_product_comes_back_as_the_builder_wrote_it(tmp_path: Path) -> None:
    evidence = [
        Evidence("urn:black", mention(2, 10)),
        Evidence("urn:lx300", mention(2, 3, Relation.PART_OF)),
        Evidence("urn:black", mention(0, 0)),
        Evidence("urn:black", mention(5, 0)),
    ]
    write_evidence(evidence, PLACES, tmp_path)

    opened = GraphEvidence.open(tmp_path)

    assert opened.of_product(2) == [
        EvidenceLine(8, "title", 3, 8, "color", "tagger", 0.5, "part of"),
        EvidenceLine(7, "title", 10, 15, "color", "tagger", 0.5, ""),
    ]
    assert [len(opened.of_product(row)) for row in range(-1, 7)] == [0, 1, 0, 2, 0, 0, 1, 0]


def test_a_generation_without_the_file_has_no_evidence(tmp_path: Path) -> None:
    assert GraphEvidence.open(tmp_path).of_product(0) == []


def test_a_file_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    table = pa.table({"product": pa.array([0], pa.int32()), "entity": pa.array([0], pa.int32())})
    with pa.OSFile(str(tmp_path / EVIDENCE), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)

    with pytest.raises(DamagedGenerationError, match=r"evidence\.arrow lacks the columns \['confidence'"):
        GraphEvidence.open(tmp_path)


def test_a_cut_file_is_refused_by_name(tmp_path: Path) -> None:
    write_evidence([Evidence("urn:black", mention(0, 0))], PLACES, tmp_path)
    path = tmp_path / EVIDENCE
    path.write_bytes(path.read_bytes()[:64])

    with pytest.raises(DamagedGenerationError, match=r"evidence\.arrow is not an Arrow file of evidence"):
        GraphEvidence.open(tmp_path)
