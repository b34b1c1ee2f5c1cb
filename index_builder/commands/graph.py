"""`python -m index_builder graph ACTION`: looking at the graph of a generation.

What an action needs is imported when it runs, so that `--help` and mistakes are quick.
"""

from __future__ import annotations

import webbrowser
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigError, DataError
from index_builder.commands.output import Output
from index_builder.graph_config import (
    GraphExportSettings,
    GraphPathSettings,
    GraphQuerySettings,
    GraphSettings,
    GraphShowSettings,
    GraphStatsSettings,
    GraphToldSettings,
    GraphViewSettings,
)

if TYPE_CHECKING:
    from engine.generation import Generation
    from engine.graph_values import GraphNode
    from index_builder.graph.view.opened import OpenedGraph

BROKEN = 1


def stats(settings: GraphStatsSettings, output: Output) -> int:
    from index_builder.commands import graph_tables as tables
    from index_builder.graph.view.opened import OpenedGraph
    from index_builder.graph.view.stats import measure

    found = measure(OpenedGraph.open(_generation(settings)), connected=settings.top)
    output.show(settings.json_output, asdict(found), lambda: tables.show_stats(found, output.console))
    return 0


def show(settings: GraphShowSettings, output: Output, *, entity: str) -> int:
    from index_builder.commands import graph_tables as tables
    from index_builder.graph.view.describe import describe
    from index_builder.graph.view.opened import OpenedGraph

    graph = OpenedGraph.open(_generation(settings))
    node = _find(graph, entity, output, as_json=settings.json_output)
    found = describe(graph, node, sample=settings.sample, limit=settings.limit)
    output.show(settings.json_output, asdict(found), lambda: tables.show_entity(found, output.console))
    return 0


def path(settings: GraphPathSettings, output: Output, *, start: str, end: str) -> int:
    """0 also when there is no way: that is an answer."""
    from index_builder.commands import graph_tables as tables
    from index_builder.graph.view.opened import OpenedGraph
    from index_builder.graph.view.paths import shortest_paths

    graph = OpenedGraph.open(_generation(settings))
    first, last = (_find(graph, each, output, as_json=settings.json_output) for each in (start, end))
    found = shortest_paths(
        graph, first.iri, last.iri, depth=settings.depth, hub=settings.hub, limit=settings.ways
    )
    told = {"start": asdict(first), "end": asdict(last), **asdict(found)}
    output.show(
        settings.json_output, told, lambda: tables.show_paths(first, last, found, settings, output.console)
    )
    return 0


def query(settings: GraphQuerySettings, output: Output, *, sparql: str) -> int:
    """In a process of its own, which is stopped when its time is up."""
    from engine.backends.graph_query.pool import GraphQueryPool
    from engine.backends.knowledge_graph import STORE
    from engine.deadline import Deadline
    from engine.graph_values import GraphQuery
    from index_builder.commands import graph_tables as tables

    text = _read(Path(sparql[1:])) if sparql.startswith("@") else sparql
    store = _generation(settings).part("graph") / STORE
    pool = GraphQueryPool(store, processes=1, memory_mib=settings.memory_mib)
    try:
        answer = pool.run(GraphQuery(text, settings.rows), Deadline.after(settings.seconds))
    finally:
        pool.close()
    output.show(settings.json_output, asdict(answer), lambda: tables.show_answer(answer, output.console))
    return 0


def check(settings: GraphToldSettings, output: Output) -> int:
    """BROKEN when a rule that is an error is broken."""
    from engine.backends.knowledge_graph import STORE
    from index_builder.commands import graph_tables as tables
    from index_builder.graph.upkeep.constraints import check as check_store

    report = check_store(_generation(settings).part("graph") / STORE)
    output.show(settings.json_output, report.as_json(), lambda: tables.show_checks(report, output.console))
    return BROKEN if report.errors else 0


def export(settings: GraphExportSettings, output: Output) -> int:
    from index_builder.graph.view.exports import export as write
    from index_builder.graph.view.opened import OpenedGraph

    size = write(OpenedGraph.open(_generation(settings)), settings.format, settings.out_file)
    output.console.print(f"{settings.out_file}: {size / 1e6:.1f} MB", markup=False, soft_wrap=True)
    return 0


def view(settings: GraphViewSettings, output: Output, *, entity: str) -> int:
    from index_builder.graph.view.neighbourhood import around
    from index_builder.graph.view.opened import OpenedGraph
    from index_builder.graph.view.overview import overview
    from index_builder.graph.view.page import write_page

    graph = OpenedGraph.open(_generation(settings))
    if entity:
        node = _find(graph, entity, output, as_json=False)
        shown = around(graph, node, depth=settings.reach, max_nodes=settings.max_nodes)
    else:
        shown = overview(graph, max_nodes=settings.max_nodes)
    write_page(shown, settings.out_file)
    output.console.print(
        f"{settings.out_file}: {len(shown.nodes)} nodes, {len(shown.links)} statements",
        markup=False,
        soft_wrap=True,
    )
    if settings.open_browser:
        webbrowser.open(settings.out_file.resolve().as_uri())
    return 0


def _generation(settings: GraphSettings) -> Generation:
    from engine.generation import DataFolder

    data = DataFolder.open(settings.data)
    if settings.generation:
        return data.open_generation(settings.generation, verify=False)
    return data.open_active(verify=False)


def _find(graph: OpenedGraph, text: str, output: Output, *, as_json: bool) -> GraphNode:
    """Lists the senses of a name that has several before AmbiguousNameError is raised."""
    from index_builder.commands import graph_tables as tables
    from index_builder.graph.view.find import AmbiguousNameError, find

    try:
        return find(graph, text)
    except AmbiguousNameError as error:
        senses = error.senses
        told = {"senses": [asdict(each) for each in senses]}
        output.show(as_json, told, lambda: tables.show_senses(senses, output.console))
        raise


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The query file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(path, "is not UTF-8 text") from None
