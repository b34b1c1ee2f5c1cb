"""The numbers of a graph, counted by hand for the ink shop."""

from pathlib import Path

import pytest

from engine.errors import DamagedGenerationError
from index_builder.graph.view.opened import OpenedGraph
from index_builder.graph.view.stats import measure
from index_builder.graph.vocabulary import SourceGraph, Term
from tests.unit.index_builder.graph.view.conftest import damaged


def test_entities_names_and_evidence_are_counted(opened: OpenedGraph) -> None:
    stats = measure(opened, connected=2)

    assert stats.products == 10
    assert stats.entities["brand"] == 4  # Inko, Tono, Sitwell, 轻点
    assert stats.entities["series"] == 0
    assert stats.names == len(opened.tables.names)
    assert stats.evidence == {"gazetteer": 1}
    assert [node.label for node in stats.connected] == ["Office", "Inko"]  # 8 and 5 products


def test_statements_are_counted_by_source_and_predicate(opened: OpenedGraph) -> None:
    stats = measure(opened, connected=0)
    counts = {(each.source, each.predicate): each.count for each in stats.statements}

    assert counts[SourceGraph.SIMILARITY, Term.SIMILAR_TO] == 1
    assert counts[SourceGraph.CATALOGUE, Term.BRAND] == 10
    assert sum(counts.values()) == stats.statement_total == len(opened.store)
    assert [each.count for each in stats.statements] == sorted(counts.values(), reverse=True)


def test_gaps_are_counted(opened: OpenedGraph) -> None:
    """Every product has a category and a brand; only products 3 and 4 are related."""
    without = measure(opened, connected=0).without

    assert (without.type, without.brand, without.neighbour) == (0, 0, 10 - 2)


def test_a_damaged_graph_is_named(opened: OpenedGraph, tmp_path: Path) -> None:
    with pytest.raises(DamagedGenerationError, match=r"store is damaged \(Corruption"):
        measure(damaged(opened, tmp_path / "graph"), connected=0)
