"""What training reads of a shop: products, what the graph says of them, queries composed from it, words."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.backends.catalog import Catalog
from engine.backends.graph_tables import GraphTables
from engine.backends.lexical_index import TantivyLexicalIndex
from engine.errors import ConfigError
from engine.generation import DataFolder
from engine.types import Product
from index_builder.graph.compose import ComposedQuery, compose_queries
from index_builder.graph.facets import facets_of
from index_builder.graph.load import build_graph
from index_builder.graph.materials import Materials
from index_builder.lexical import build_lexical_index
from index_builder.progress import Progress

_DONE = "done"


@dataclass(frozen=True, slots=True)
class TrainingShop:
    """Row i of everything is product i. `typed` flags the products whose kind the graph knows."""

    products: Sequence[Product]
    tables: GraphTables
    composed: Sequence[ComposedQuery]
    words: TantivyLexicalIndex
    typed: NDArray[np.bool_]

    @property
    def row_of(self) -> dict[str, int]:
        return {str(product.id): row for row, product in enumerate(self.products)}


def open_shop(
    products: Sequence[Product], work: Path, progress: Progress, *, data: Path | None = None, seed: int = 0
) -> TrainingShop:
    """Gather it, with what a build made where `data` is its data folder, and else with a graph of what
    fields, names and quantities say. `work` keeps both for a run that goes on.

    Raises ConfigError when the active generation of `data` was built from another catalogue.
    """
    if data is None:
        tables = GraphTables.open(_graph(products, work / "graph", progress, seed))
        words = _words(products, work / "lexical", progress)
    else:
        generation = DataFolder.open(data).open_active(verify=False)
        _check_same(products, Catalog.open(generation.part("catalog")), data)
        tables = GraphTables.open(generation.part("graph"))
        words = TantivyLexicalIndex.open(generation.part("lexical"))
    with progress.step("compose queries") as advance:
        composed = compose_queries(products, tables, seed=seed)
        typed = np.array([bool(facets.types) for facets in facets_of(tables)], np.bool_)
        advance(len(composed), len(composed))
    return TrainingShop(products, tables, composed, words, typed)


def _graph(products: Sequence[Product], folder: Path, progress: Progress, seed: int) -> Path:
    if not (folder / _DONE).is_file():
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left half written
        build_graph(products, folder, Materials(seed=seed, step=progress.step))
        (folder / _DONE).touch()
    return folder


def _words(products: Sequence[Product], folder: Path, progress: Progress) -> TantivyLexicalIndex:
    if not (folder / _DONE).is_file():
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left half written
        with progress.step("word index") as advance:
            build_lexical_index(products, folder)
            advance(len(products), len(products))
        (folder / _DONE).touch()
    return TantivyLexicalIndex.open(folder)


def _check_same(products: Sequence[Product], catalog: Catalog, data: Path) -> None:
    built = [product.id for product in catalog.products(np.arange(len(catalog)))]
    if built != [product.id for product in products]:
        raise ConfigError(
            f"The graph in {data} was built from another catalogue ({len(built)} products) than the one "
            f"given ({len(products)}). Build it again from this catalogue, or leave --graph out.",
            data=data,
        )
