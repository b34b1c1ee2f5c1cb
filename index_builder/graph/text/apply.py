"""Puts mentions read from texts into the draft: as statements where the product does not say so itself, and
as evidence of which words say it.

What is kept: a brand or a type for products that state none, and further types, colours, materials, series,
sizes, ... Left out are placeholders and new names that one product alone bears: its own model number links
nothing and words find it anyway (a name that another product is made for is the exception).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.text import normalise
from engine.types import EntityKind, Product
from index_builder.graph.attributes import values_of
from index_builder.graph.draft import Draft, Edge, Node, Origin
from index_builder.graph.evidence import Evidence, Label, Mention, TextField
from index_builder.graph.lexicon import Lexicon, default_lexicon
from index_builder.graph.text.apply_nodes import SHAPES, SOURCE_OF, NodeFinder
from index_builder.graph.text.apply_targets import TargetNodes, is_fit
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri

_QUANTITIES = (Label.SIZE, Label.CAPACITY)


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """How many nodes were made, statements added and mentions kept as evidence or dropped, by label."""

    nodes: Mapping[Label, int]
    statements: Mapping[Label, int]
    evidence: Mapping[Label, int]
    dropped: Mapping[Label, int]


def apply_mentions(
    draft: Draft, products: Sequence[Product], mentions: Sequence[Mention], lexicon: Lexicon | None = None
) -> ApplyReport:
    """Changes the draft. The order of the mentions does not matter; rows stay ascending and unique."""
    return _Applier(draft, products, lexicon or default_lexicon()).apply(mentions)


class _Applier:
    def __init__(self, draft: Draft, products: Sequence[Product], lexicon: Lexicon) -> None:
        self._draft = draft
        self._products = products
        self._finder = NodeFinder(draft, products, lexicon)
        self._targets = TargetNodes(draft, products)
        self._stated = {node.iri: set(node.rows) for node in draft.nodes.values()}
        self._added: defaultdict[str, dict[int, Origin]] = defaultdict(dict)
        self._brand_of = {
            row: node_iri("brand", normalise(product.brand))
            for row, product in enumerate(products)
            if product.brand
        }
        self._made: Counter[Label] = Counter()
        self._statements: Counter[Label] = Counter()
        self._evidence: Counter[Label] = Counter()
        self._dropped: Counter[Label] = Counter()

    def apply(self, mentions: Sequence[Mention]) -> ApplyReport:
        before = len(self._draft.evidence)
        ordered = sorted(mentions, key=_surest_first)
        targets = [each for each in ordered if each.label is Label.TARGET]
        for mention in sorted(targets, key=lambda each: not is_fit(each)):
            self._target(mention)
        bearers = self._bearers(ordered)
        made_for = self._named_models()
        for mention in ordered:
            if mention.label is Label.TARGET:
                continue
            node = self._finder.find(mention)
            if node is None and self._is_worth_a_node(mention, bearers, made_for):
                node = self._finder.make(mention, self._spelling(mention))
                self._made[mention.label] += 1
                self._belongs_to_brand(node, mention)
            if node is None:
                self._dropped[mention.label] += 1
            else:
                self._state(node, mention)
        self._write_rows()
        self._draft.evidence[before:] = sorted(self._draft.evidence[before:], key=_by_place)
        return ApplyReport(self._made, self._statements, self._evidence, self._dropped)

    def _target(self, mention: Mention) -> None:
        before = len(self._draft.nodes)
        nodes = self._targets.nodes(mention, self._spelling(mention))
        self._made[Label.TARGET] += len(self._draft.nodes) - before
        self._dropped[Label.TARGET] += not nodes
        for node in nodes:
            self._state(node, mention)

    def _bearers(self, mentions: Sequence[Mention]) -> Counter[tuple[Label, str]]:
        """How many products bear each name."""
        seen = {
            (each.label, self._finder.key(each), each.row)
            for each in mentions
            if each.label is not Label.TARGET
        }
        return Counter((label, key) for label, key, _ in seen)

    def _named_models(self) -> set[str]:
        """Names of targets and what is left of them without their first words: products are made for them."""
        return {
            " ".join(words[start:])
            for node in self._draft.of_kind(EntityKind.COMPATIBLE_TARGET)
            for words in (name.split() for name in node.names)
            for start in range(len(words))
        }

    def _is_worth_a_node(
        self, mention: Mention, bearers: Mapping[tuple[Label, str], int], made_for: set[str]
    ) -> bool:
        name = normalise(mention.name)
        if mention.label not in _QUANTITIES and next(values_of(name), None) is None:
            return False
        if mention.label is Label.BRAND and self._products[mention.row].brand:
            return False
        if mention.label is Label.MODEL and name in made_for:
            return True
        return bearers[mention.label, self._finder.key(mention)] >= SHAPES[mention.label].min_products

    def _state(self, node: Node, mention: Mention) -> None:
        """Evidence always, a statement when the product does not say so. A product has one brand."""
        row = mention.row
        stated = row in self._stated.get(node.iri, ())
        if mention.label is Label.BRAND and not stated and self._brand_of.get(row, node.iri) != node.iri:
            self._dropped[mention.label] += 1
            return
        self._draft.evidence.append(Evidence(node.iri, mention))
        self._evidence[mention.label] += 1
        if stated or row in self._added[node.iri]:
            return
        self._added[node.iri][row] = Origin(SOURCE_OF[mention.extractor], mention.confidence)
        self._statements[mention.label] += 1
        if mention.label is Label.TYPE and not self._draft.types[row]:
            self._draft.types[row] = node.iri
        if mention.label is Label.BRAND:
            self._brand_of[row] = node.iri

    def _belongs_to_brand(self, node: Node, mention: Mention) -> None:
        """A series or model of a brand is tied to it."""
        brand = node_iri("brand", self._finder.brand(mention))
        if SHAPES[mention.label].by_brand and brand in self._draft.nodes:
            self._draft.edges.add(Edge(node.iri, Term.BRAND, brand, SourceGraph.INFERENCE))

    def _write_rows(self) -> None:
        for iri in sorted(self._added):
            added = self._added[iri]
            if added:
                node = self._draft.nodes[iri]
                node.rows = sorted(self._stated.get(iri, set()) | added.keys())
                node.origins.update(sorted(added.items()))

    def _spelling(self, mention: Mention) -> str:
        product = self._products[mention.row]
        text = product.title if mention.field is TextField.TITLE else product.description
        return mention.name if mention.label in _QUANTITIES else text[mention.start : mention.end]


def _surest_first(mention: Mention) -> tuple[float, bool, int, int, int, str, str, str]:
    place = (mention.row, mention.start, mention.end, str(mention.label), mention.name)
    return -mention.confidence, mention.field is not TextField.TITLE, *place, str(mention.extractor)


def _by_place(evidence: Evidence) -> tuple[int, str, int, int, str, str]:
    each = evidence.mention
    return each.row, str(each.field), each.start, each.end, str(each.label), evidence.entity
