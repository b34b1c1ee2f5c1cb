"""What was merged and why, as values and as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MERGES = "merges.tsv"
_COLUMNS = (
    "kind",
    "attribute",
    "merged",
    "into",
    "merged_iri",
    "into_iri",
    "products",
    "confidence",
    "reasons",
)


@dataclass(frozen=True, slots=True)
class Merge:
    """The node `old` went into the node `new` (IRIs): names, products, edges and evidence. `name` and `into`
    are their labels before, `products` how many hung on the old one, `confidence` in (0, 1] the probability
    that both mean the same, `reasons` sentences.
    """

    kind: str
    attribute: str
    old: str
    new: str
    name: str
    into: str
    products: int
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolutionReport:
    """`merges` by kind, attribute, surviving and merged IRI; `ties` counts values that were tied to the brand
    that they name; `nodes` and `pairs` what was looked at, `embedded` the names whose meaning was compared;
    `cpu_seconds` by this process. `unknown` are names of the same-as file that no node bears.
    """

    merges: tuple[Merge, ...]
    nodes: int
    pairs: int
    embedded: int
    ties: int
    unknown: tuple[str, ...]
    cpu_seconds: float

    @property
    def by_kind(self) -> Mapping[str, int]:
        return Counter(merge.kind for merge in self.merges)


def write_merges(report: ResolutionReport, folder: Path) -> Path:
    """`merges.tsv`: one line a merge, with the reasons. To undo one, put its two names into a same-as file
    with the word "apart".
    """
    path = folder / MERGES
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join(_COLUMNS) + "\n")
        for merge in report.merges:
            cells = [
                merge.kind,
                merge.attribute,
                merge.name,
                merge.into,
                merge.old,
                merge.new,
                str(merge.products),
                f"{merge.confidence:.3f}",
                "; ".join(merge.reasons),
            ]
            file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
    return path
