"""Ties accessories to the products of this catalogue that they fit, through what they say they fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from engine.types import EntityKind, Product
from index_builder.graph.draft import Draft, Node
from index_builder.graph.relations.devices import EXACT, Devices, Named
from index_builder.graph.relations.pairs import Pair
from index_builder.graph.relations.variants import VariantGroup, group_of
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri

VARIANT_FACTOR = 0.7
"""What fits a device probably fits its other variants, less surely."""
MAX_VARIANTS = 10
_PART_WORDS = frozenset({"part", "component", "spare", "零件", "配件"})


def find_compatible(draft: Draft, products: Sequence[Product], groups: Sequence[VariantGroup]) -> list[Pair]:
    """Accessory -> device, sorted, each pair once with its best confidence.

    Targets come from compatibility statements and from texts; edges that already tie a target to a product
    (skos:exactMatch) count too. A device of the accessory's own type or variant group is left out.
    """
    devices = Devices(draft, products)
    tied = _tied_products(draft, products)
    group = group_of(groups)
    best: dict[tuple[int, int, Term], float] = {}
    for node in sorted(draft.of_kind(EntityKind.COMPATIBLE_TARGET), key=lambda node: node.iri):
        predicate = _predicate(node)
        for row, device in _fitting(node, products, devices, tied.get(node.iri, [])):
            for other in _with_variants(device, groups, group):
                if other.row in devices and _may_fit(row, other.row, draft, group):
                    key = (row, other.row, predicate)
                    sure = other.confidence * _sureness(node, row)
                    best[key] = max(best.get(key, 0.0), sure)
    source = SourceGraph.INFERENCE
    return sorted(
        Pair(row, device, predicate, source, round(sure, 4))
        for (row, device, predicate), sure in best.items()
    )


def _fitting(
    node: Node, products: Sequence[Product], devices: Devices, tied: Sequence[Named]
) -> Iterator[tuple[int, Named]]:
    """(accessory, device); brands of the accessories are few, so each name is looked up once for each."""
    by_brand: dict[str, list[Named]] = {}
    for row in node.rows:
        brand = products[row].brand
        if brand not in by_brand:
            by_brand[brand] = [*tied, *devices.named_by(node.label, brand=brand)]
        for device in by_brand[brand]:
            yield row, device


def _tied_products(draft: Draft, products: Sequence[Product]) -> dict[str, list[Named]]:
    rows = {node_iri("product", product.id): row for row, product in enumerate(products)}
    tied: defaultdict[str, list[Named]] = defaultdict(list)
    for edge in sorted(draft.edges):
        if edge.predicate is Term.EXACT_MATCH and edge.object in rows:
            tied[edge.subject].append(Named(rows[edge.object], EXACT * edge.confidence))
    return tied


def _with_variants(device: Named, groups: Sequence[VariantGroup], group: dict[int, int]) -> Iterator[Named]:
    yield device
    index = group.get(device.row)
    if index is not None and len(groups[index].rows) <= MAX_VARIANTS:
        sure = device.confidence * VARIANT_FACTOR
        yield from (Named(row, sure) for row in groups[index].rows if row != device.row)


def _may_fit(row: int, device: int, draft: Draft, group: dict[int, int]) -> bool:
    if row == device or (row in group and group[row] == group.get(device)):
        return False
    return not draft.types[row] or draft.types[row] != draft.types[device]


def _sureness(node: Node, row: int) -> float:
    origin = node.origins.get(row)
    return origin.confidence if origin is not None else 1.0


def _predicate(node: Node) -> Term:
    """An attribute such as `spare_part_for` says more than that something fits."""
    words = set(node.attribute.casefold().split("_"))
    return Term.PART_OF if node.predicate is Term.PART_OF or words & _PART_WORDS else Term.ACCESSORY_FOR
