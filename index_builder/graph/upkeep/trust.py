"""How far a source is trusted, and how sure a statement is that several sources make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from index_builder.graph.draft import Origin
from index_builder.graph.evidence import Extractor
from index_builder.graph.vocabulary import ROOT, SourceGraph

DEFAULT_TRUST: Mapping[str, float] = {
    SourceGraph.CATALOGUE: 0.98,  # people of the shop or the maker typed it in; slips happen
    SourceGraph.LABELS: 0.95,  # a table made by hand, blind to context
    SourceGraph.QUANTITIES: 0.9,  # a number with its unit is rarely misread, but may be of a part
    SourceGraph.RESOLUTION: 0.9,
    SourceGraph.GAZETTEER: 0.85,  # the catalogue's own name, perhaps said of something else
    SourceGraph.INFERENCE: 0.85,
    SourceGraph.TEXT_RELATIONS: 0.75,
    SourceGraph.TAGGER: 0.7,
    SourceGraph.ALIGNMENT: 0.7,
    SourceGraph.BEHAVIOUR: 0.7,
    SourceGraph.SIMILARITY: 0.6,
    SourceGraph.PREDICTION: 0.4,  # a guess from the graph itself: it is no independent witness
}
"""Between 0 (a source that is never believed) and 1, by named graph. It is not a source's precision, which
its confidences tell already: it says how much its word counts against or beside another source's.
"""
ONTOLOGY_TRUST = 0.9
"""Of a loaded taxonomy: right about concepts, made for no shop in particular."""
UNKNOWN_TRUST = 0.5
_ONTOLOGIES = f"{ROOT}graph:ontology:"

SOURCE_OF = {
    Extractor.GAZETTEER: SourceGraph.GAZETTEER,
    Extractor.QUANTITY: SourceGraph.QUANTITIES,
    Extractor.TAGGER: SourceGraph.TAGGER,
    Extractor.RELATION: SourceGraph.TEXT_RELATIONS,
}
"""The named graph of what a layer of text extraction reads."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Trust in [0, 1] by named graph. Raises ValueError for one outside."""

    of_source: Mapping[str, float] = field(default_factory=lambda: DEFAULT_TRUST)

    def __post_init__(self) -> None:
        wrong = {source: trust for source, trust in self.of_source.items() if not 0 <= trust <= 1}
        if wrong:
            raise ValueError(f"trust must lie between 0 and 1: {wrong}")

    def of(self, source: str) -> float:
        known = self.of_source.get(source)
        if known is not None:
            return known
        return ONTOLOGY_TRUST if source.startswith(_ONTOLOGIES) else UNKNOWN_TRUST

    def score(self, origin: Origin) -> float:
        """How much a statement weighs against another: trust times confidence."""
        return self.of(origin.source) * origin.confidence

    def ranked(self, origins: Sequence[Origin]) -> list[Origin]:
        """The weightiest first; equal ones by source."""
        return sorted(origins, key=lambda each: (-self.score(each), each.source))

    def joined(self, origins: Sequence[Origin]) -> Origin:
        """One statement that all of the origins (at least one, of different sources) make.

        It is told by the weightiest, whose confidence is calibrated and stands as it is; each further witness
        takes its share of the remaining doubt: 1 - (1 - c) (1 - t1 c1) (1 - t2 c2) ..., the noisy-or (Pearl
        1988) over confidences discounted by trust (Shafer 1976), since two readers of one title err together.
        """
        best, *others = self.ranked(origins)
        doubt = (1 - best.confidence) * prod(1 - self.score(each) for each in others)
        return Origin(best.source, max(best.confidence, 1 - doubt))
