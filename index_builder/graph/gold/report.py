"""How a generation's graph fares on hand-made labels: extraction, relations, aliases, categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pyoxigraph import NamedNode

from engine.backends.catalog import Catalog
from engine.backends.graph_store import open_store, quads
from engine.backends.graph_tables import GraphTables
from engine.backends.knowledge_graph import STORE
from engine.errors import ConfigError
from engine.generation import Generation
from engine.types import Product
from index_builder.graph.alignment.category_table import CATEGORIES, CategoryTable, read_categories
from index_builder.graph.evidence import Extractor, Mention
from index_builder.graph.evidence_table import read_mentions
from index_builder.graph.gold.alias_lookup import NameLookup
from index_builder.graph.gold.aliases import measure_aliases
from index_builder.graph.gold.categories import measure_categories
from index_builder.graph.gold.entities import measure_entities
from index_builder.graph.gold.relations import measure_relations
from index_builder.graph.vocabulary import Term

SPLITS: Mapping[str, tuple[str, ...]] = {"dev": ("dev",), "test": ("test",), "all": ("dev", "test")}
"""Labels are measured by split: `dev` may be developed with, `test` may not."""

Figures = dict[str, float]
"""precision, recall and f1, each in [0, 1]."""


class Scored(Protocol):
    @property
    def precision(self) -> float: ...
    @property
    def recall(self) -> float: ...
    @property
    def f1(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured of a generation: row i is product i. `mentions` are all that were read together,
    `alone` what single layers read by themselves.
    """

    products: Sequence[Product]
    mentions: Sequence[Mention]
    lookup: NameLookup
    categories: Sequence[CategoryTable]
    alone: Mapping[Extractor, Sequence[Mention]] = field(default_factory=dict)

    @classmethod
    def open(cls, generation: Generation) -> Measured:
        """Raises DamagedGenerationError."""
        folder = generation.part("graph")
        catalog = Catalog.open(generation.part("catalog"))
        return cls(
            catalog.products(range(len(catalog))),
            read_mentions(folder),
            NameLookup.of_tables(GraphTables.open(folder), _equal(folder / STORE)),
            read_categories(folder) if (folder / CATEGORIES).exists() else (),
        )


def measure_graph(measured: Measured, gold: Path, split: str) -> dict[str, Any]:
    """Plain values: for each split of `SPLITS[split]`, figures of `entities` (all; by type; what each layer
    gave to the whole; each layer alone, where such readings are given), `relations`, `aliases` and
    `categories` (by taxonomy; absent where products were tied to none). Raises ConfigError for a folder that
    is not there, DataError for labels that cannot be read or do not belong to the catalogue.
    """
    check_folder(gold)
    return {name: _of_split(measured, gold, name) for name in SPLITS[split]}


def check_folder(gold: Path) -> None:
    """Raises ConfigError when there are no labels."""
    if not gold.is_dir():
        raise ConfigError(f"There is no folder of labels at {gold}.")


def _of_split(measured: Measured, gold: Path, split: str) -> dict[str, Any]:
    figures = {
        "entities": _entities(measured, gold, split),
        "relations": _relations(measured, gold, split),
        "aliases": _aliases(measured, gold, split),
    }
    if measured.categories:
        figures["categories"] = _categories(measured, gold, split)
    return figures


def _entities(measured: Measured, gold: Path, split: str) -> dict[str, Any]:
    """`by_layer` tells the layers' shares: a title's words are read by one layer, whichever is surest."""

    def figures(mentions: Sequence[Mention]) -> Figures:
        return _figures(measure_entities(gold, measured.products, mentions, split).micro_exact)

    scores = measure_entities(gold, measured.products, measured.mentions, split)
    shares = {
        layer: [mention for mention in measured.mentions if mention.extractor is layer] for layer in Extractor
    }
    found = {
        "titles": scores.titles,
        "exact": _figures(scores.micro_exact),
        "overlapping": _figures(scores.micro_overlapping),
        "by_type": {label.value: _figures(counts) for label, counts in scores.exact.items() if counts.gold},
        "by_layer": {layer.value: figures(own) for layer, own in shares.items() if own},
    }
    if measured.alone:
        found["alone"] = {layer.value: figures(read) for layer, read in measured.alone.items()}
    return found


def _relations(measured: Measured, gold: Path, split: str) -> dict[str, Any]:
    scores = measure_relations(gold, measured.products, measured.mentions, split)
    return {
        "exact": _figures(scores.strict),
        "overlapping": _figures(scores.overlap),
        "any_relation": _figures(scores.any_relation),
        "by_relation": {
            relation.value: _figures(score)
            for relation, score in scores.by_relation_overlap.items()
            if score.labelled
        },
    }


def _aliases(measured: Measured, gold: Path, split: str) -> dict[str, Any]:
    score = measure_aliases(gold, measured.products, measured.lookup, split)
    return {"pairs": score.pairs, "unknown": score.unknown, **_figures(score)}


def _categories(measured: Measured, gold: Path, split: str) -> dict[str, Any]:
    scores = {
        table.taxonomy: measure_categories(gold, measured.products, table, split)
        for table in measured.categories
    }
    return {
        taxonomy: {
            "products": score.products,
            "accuracy@1": score.accuracy_at_1,
            "accuracy@3": score.accuracy_at_3,
        }
        for taxonomy, score in scores.items()
    }


def _figures(score: Scored) -> Figures:
    return {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _equal(folder: Path) -> list[tuple[str, str]]:
    """The pairs of nodes that the store says are the same, in order."""
    same = quads(open_store(folder), folder, None, NamedNode(Term.EXACT_MATCH), None)
    return sorted(
        {
            (quad.subject.value, quad.object.value)
            for quad in same
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode)
        }
    )
