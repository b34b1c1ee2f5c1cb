"""One state of a generation's graph and of its live changes, opened for people and tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from engine.browsing.describe import Describe
from engine.browsing.live_statements import LiveStatements
from engine.browsing.neighbours import ListNeighbours
from engine.browsing.nodes import Nodes
from engine.browsing.source import GraphSource, ProductSource
from engine.deadline import Deadline
from engine.graph_values import (
    DescribeRequest,
    Description,
    GraphAnswer,
    GraphQuery,
    LinkedText,
    NeighbourPage,
    NeighboursRequest,
)
from engine.stages.understand import Understanding


class GraphQueries(Protocol):
    """Runs SPARQL where it can be stopped."""

    def run(self, query: GraphQuery, deadline: Deadline, changes: LiveStatements | None) -> GraphAnswer:
        """On the generation's statements with the changes over them, or with later ones."""
        ...


@dataclass(frozen=True, slots=True)
class GraphBrowser:
    """Safe to call from many threads at once. `understand` reads a text as a search would; `graph` and
    `catalog` have the `changes` already.
    """

    generation_id: str
    graph: GraphSource
    catalog: ProductSource
    understand: Callable[[str], Understanding]
    queries: GraphQueries
    changes: LiveStatements | None = None

    def describe(self, request: DescribeRequest) -> Description:
        return Describe(Nodes(self.graph, self.catalog), self.generation_id)(request)

    def neighbours(self, request: NeighboursRequest) -> NeighbourPage:
        return ListNeighbours(Nodes(self.graph, self.catalog), self.generation_id)(request)

    def link(self, text: str) -> LinkedText:
        read = self.understand(text)
        corrections = tuple((each.written, each.read_as) for each in read.corrections)
        return LinkedText(read.tokens, corrections, read.links, self.generation_id)

    def query(self, query: GraphQuery, deadline: Deadline) -> GraphAnswer:
        answer = self.queries.run(query, deadline, self.changes)
        return replace(answer, generation_id=self.generation_id)
