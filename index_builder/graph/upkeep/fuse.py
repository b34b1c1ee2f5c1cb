"""Fuses what several sources state: agreement makes a statement surer, conflict is settled by trust.

After Dong et al., Knowledge Vault (KDD 2014), with priors of trust in place of a trained fuser: a shop has no
labelled statements to train one on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from engine.types import Product
from index_builder.graph.draft import Draft, Edge, Node, Origin
from index_builder.graph.upkeep.conflicts import Claim, Outcome, Verdict, settle
from index_builder.graph.upkeep.functional import Slot, functional_slots, may_both_be
from index_builder.graph.upkeep.fusion_report import Decision, FusionReport, losers, spread
from index_builder.graph.upkeep.lineage import Lineage
from index_builder.graph.upkeep.trust import SOURCE_OF, Trust
from index_builder.graph.vocabulary import Term

_EXCLUSIVE = (Term.SIMILAR_TO, Term.RELATED_TO)
"""A substitute is no complement."""


def fuse(draft: Draft, products: Sequence[Product], trust: Mapping[str, float] | None = None) -> FusionReport:
    """Change the draft in place, once: a second call would count the same witnesses again. `trust` is in
    [0, 1] by named graph, `DEFAULT_TRUST` when None; ValueError for one outside.
    """
    return _Fuser(draft, products, Trust() if trust is None else Trust(trust)).run()


class _Fuser:
    def __init__(self, draft: Draft, products: Sequence[Product], trust: Trust) -> None:
        self.draft = draft
        self.products = products
        self.trust = trust
        self.lineage = Lineage(draft)
        self.agreed = self.surer = 0
        self.decisions: list[Decision] = []

    def run(self) -> FusionReport:
        statements = sum(len(node.rows) for node in self.draft.nodes.values()) + len(self.draft.edges)
        self._join_rows()
        self._join_edges()
        slots = functional_slots(self.draft)
        lost: set[tuple[str, int]] = set()
        for slot, nodes in slots.items():
            lost |= self._settle_slot(slot, nodes)
        if lost:
            kept = [each for each in self.draft.evidence if (each.entity, each.mention.row) not in lost]
            self.draft.evidence[:] = kept
        self._settle_edges()
        return FusionReport(
            statements,
            self.agreed,
            self.surer,
            tuple(slot.name for slot in slots),
            losers(self.decisions, Outcome.CUT),
            losers(self.decisions, Outcome.DROPPED),
            spread(self.decisions),
        )

    def _join_rows(self) -> None:
        """What evidence says counts as a source of its own beside those that the node names. The
        catalogue's own statements have no origin and gain nothing by being read once more.
        """
        read: defaultdict[tuple[str, int], list[Origin]] = defaultdict(list)
        for each in self.draft.evidence:
            origin = Origin(SOURCE_OF[each.mention.extractor], each.mention.confidence)
            read[each.entity, each.mention.row].append(origin)
        for (iri, row), origins in sorted(read.items(), key=lambda item: item[0]):
            node = self.draft.nodes.get(iri)
            if node is not None and row in node.origins:
                for origin in origins:
                    node.hang(row, origin)
        for node in self.draft.nodes.values():
            for row in sorted(node.further):
                told = node.origins_of(row)
                joined = self._join(told)
                node.origins[row] = joined
                node.further[row] = tuple(each for each in told if each.source != joined.source)

    def _join_edges(self) -> None:
        told: defaultdict[tuple[str, Term, str], list[Edge]] = defaultdict(list)
        for edge in sorted(self.draft.edges):
            told[edge.subject, edge.predicate, edge.object].append(edge)
        for edges in told.values():
            if len(edges) > 1:
                joined = self._join([Origin(edge.source, edge.confidence) for edge in edges])
                self._replace(next(edge for edge in edges if edge.source == joined.source), joined.confidence)

    def _join(self, origins: Sequence[Origin]) -> Origin:
        joined = self.trust.joined(origins)
        self.agreed += 1
        self.surer += joined.confidence > max(each.confidence for each in origins)
        return joined

    def _settle_slot(self, slot: Slot, nodes: Sequence[Node]) -> set[tuple[str, int]]:
        """(entity, row) of what was dropped."""

        def agree(one: str, two: str) -> bool:
            both = self.draft.nodes[one], self.draft.nodes[two]
            return self.lineage.agree(one, two) or may_both_be(slot, *both)

        by_row: defaultdict[int, list[Node]] = defaultdict(list)
        for node in nodes:
            for row in node.rows:
                by_row[row].append(node)
        lost = set()
        for row in sorted(row for row, found in by_row.items() if len(found) > 1):
            claims = [Claim(node.iri, node.origins_of(row)[0]) for node in by_row[row]]
            for verdict in settle(claims, self.trust, agree):
                node = self.draft.nodes[verdict.claim.what]
                if verdict.outcome is Outcome.CUT:
                    node.origins[row] = Origin(verdict.claim.origin.source, verdict.confidence)
                elif verdict.outcome is Outcome.DROPPED:
                    node.drop(row)
                    lost.add((node.iri, row))
                if verdict.outcome is not Outcome.KEPT and self.draft.types[row] == node.iri:
                    self.draft.types[row] = verdict.winner.what
                self._tell(self.products[row].id, slot.name, verdict)
        return lost

    def _settle_edges(self) -> None:
        """One brand for each node, and a pair of products that is similar or related, not both."""
        told: defaultdict[tuple[str, ...], list[tuple[Claim, Edge]]] = defaultdict(list)
        for edge in sorted(self.draft.edges):
            origin = Origin(edge.source, edge.confidence)
            if edge.predicate is Term.BRAND:
                told["brand", edge.subject].append((Claim(edge.object, origin), edge))
            elif edge.predicate in _EXCLUSIVE:
                pair = sorted((edge.subject, edge.object))
                told["substitute or complement", *pair].append((Claim(edge.predicate, origin), edge))
        for key, found in told.items():
            if len({claim.what for claim, _ in found}) > 1:
                self._settle_claims(key, found)

    def _settle_claims(self, key: tuple[str, ...], found: Sequence[tuple[Claim, Edge]]) -> None:
        slot, subject = key[:2]
        edges = defaultdict(list)
        for claim, edge in found:
            edges[claim].append(edge)
        for verdict in settle(sorted(edges, key=_claim_order), self.trust, self.lineage.agree):
            for edge in edges[verdict.claim]:
                if verdict.outcome is Outcome.DROPPED:
                    self.draft.edges.discard(edge)
                elif verdict.outcome is Outcome.CUT:
                    self._replace(edge, verdict.confidence)
            self._tell(subject, slot, verdict)

    def _replace(self, edge: Edge, confidence: float) -> None:
        """Edges are equal whatever their confidence, so the old one has to go first."""
        self.draft.edges.discard(edge)
        self.draft.edges.add(Edge(edge.subject, edge.predicate, edge.object, edge.source, confidence))

    def _tell(self, subject: str, slot: str, verdict: Verdict) -> None:
        if verdict.outcome is not Outcome.KEPT:
            claim, winner = verdict.claim, verdict.winner
            before, after = claim.origin.confidence, verdict.confidence
            kept, lost = self._label(winner.what), self._label(claim.what)
            by, against = winner.origin.source, claim.origin.source
            told = Decision(subject, slot, kept, by, lost, against, verdict.outcome, before, after)
            self.decisions.append(told)

    def _label(self, iri: str) -> str:
        node = self.draft.nodes.get(iri)
        return node.label if node is not None else iri


def _claim_order(claim: Claim) -> tuple[str, str, float]:
    return claim.what, claim.origin.source, claim.origin.confidence
