"""What a graph is made from besides the catalogue, and how its steps report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from engine.types import FloatArray
from index_builder.graph.alignment.meanings import Embed
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.relations.orders import Baskets
from index_builder.graph.resolution.same_as import SameAs
from index_builder.graph.revise import Previous
from index_builder.graph.text.span import Span
from index_builder.graph.text.tagger import Tagger
from index_builder.graph.text.titles import Title
from index_builder.progress import Advance, SilentProgress

MakeTagger = Callable[[Sequence[Title], Sequence[Sequence[Span]]], Tagger]
"""Given all titles and what the other layers surely read in them."""
Step = Callable[[str], AbstractContextManager[Advance]]


@dataclass(frozen=True, slots=True)
class Materials:
    """All of it may be missing; the steps that need a part are then left out or do with less.

    `sources` are names of the catalogue's files, for provenance. `vectors` float32 (n, dimension) are unit
    rows, row i of product i, from the encoder behind `embed`. `tagger` trains or opens the one that reads
    titles; `embedding` asks for graph embeddings and what they predict. Of the store of a `previous` graph
    only what changed is written.
    """

    sources: Sequence[str] = ()
    ontologies: Sequence[Ontology] = ()
    orders: Baskets | None = None
    same_as: SameAs | None = None
    vectors: FloatArray | None = None
    embed: Embed | None = None
    tagger: MakeTagger | None = None
    previous: Previous | None = None
    embedding: bool = False
    seed: int = 0
    step: Step = field(default_factory=lambda: SilentProgress().step)
