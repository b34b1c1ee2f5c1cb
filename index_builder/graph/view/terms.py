"""Short forms of the graph's IRIs, as they are shown and may be typed."""

from __future__ import annotations

from engine.browsing.relations import TYPE, product_id_of
from index_builder.graph.vocabulary import PROV, ROOT

_GRAPH_ROOT = f"{ROOT}graph:"


def source_of(graph: str) -> str:
    """A named graph's short name.

    >>> source_of("urn:cartograph:graph:catalogue")
    'catalogue'
    """
    return graph.removeprefix(_GRAPH_ROOT)


def short(iri: str) -> str:
    """As a user may type it back.

    >>> short("urn:cartograph:brand:hp"), short("urn:cartograph:product:P%201")
    ('brand:hp', 'product:P 1')
    """
    product_id = product_id_of(iri)
    return iri.removeprefix(ROOT) if product_id is None else f"product:{product_id}"


def joins_things(predicate: str) -> bool:
    """Whether a statement ties things of the shop together, and does not say of which class they are or how
    the graph was made.
    """
    return predicate != TYPE and not predicate.startswith(PROV)
