"""What a build takes in for its graph besides the catalogue: ontologies, names, orders, the graph before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.backends.knowledge_graph import STORE
from engine.errors import ConfigError
from engine.generation import DataFolder
from engine.types import Product
from index_builder.config import BuildSettings
from index_builder.graph.load import QUADS
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.sources import load_sources
from index_builder.graph.relations import orders
from index_builder.graph.relations.orders import Baskets
from index_builder.graph.resolution.same_as import SameAs, read_same_as
from index_builder.graph.revise import Previous
from index_builder.live_events import LiveEvents


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What can be read, and found wrong, before hours are spent on the catalogue."""

    ontologies: Sequence[Ontology]
    same_as: SameAs | None
    previous: Previous | None = None
    events: LiveEvents | None = None


def read_knowledge(settings: BuildSettings) -> Knowledge:
    """Raises DataError naming file and line, ConfigError when there is no graph to update,
    DamagedEventsError.
    """
    return Knowledge(
        load_sources(settings.ontology),
        None if settings.same_as is None else read_same_as(settings.same_as),
        previous_graph(settings),
        LiveEvents.read(settings.out) if settings.from_live else None,
    )


def read_baskets(
    settings: BuildSettings, products: Sequence[Product], events: LiveEvents | None
) -> Baskets | None:
    """Those of a file or, without one, of recorded purchases. Raises DataError naming file and line."""
    if settings.orders is not None:
        return orders.read_baskets(settings.orders, products)
    return None if events is None else orders.baskets_of(events.bought, products)


def previous_graph(settings: BuildSettings) -> Previous | None:
    """That of the active generation, for a build that updates; ConfigError when there is none to update."""
    if not settings.update:
        return None
    data = DataFolder(settings.out)
    try:
        generation = data.open_active(verify=False)
    except ConfigError:
        raise ConfigError(
            f"--update needs an active generation in {settings.out}, and there is none. Build once without."
        ) from None
    graph = generation.part("graph")
    return Previous(generation.id, graph / QUADS, graph / STORE)
