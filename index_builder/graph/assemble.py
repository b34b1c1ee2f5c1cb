"""The steps that make a graph out of a catalogue, in their order; each leaves the draft richer or cleaner.

    facts -> texts -> resolution -> inference -> alignment -> products -> fusion -> compression -> embedding

What the shop states comes first, what is read out of its texts next; names that mean the same are joined
before anything is concluded from them; statements are weighed against each other when all are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.types import Product
from index_builder.graph.alignment.run import AlignmentSummary, align
from index_builder.graph.draft import Draft
from index_builder.graph.evidence import Mention
from index_builder.graph.facts import extract
from index_builder.graph.infer import drop_identifiers, infer
from index_builder.graph.materials import Materials
from index_builder.graph.relations.relate import RelationsReport, relate_products
from index_builder.graph.resolution.report import ResolutionReport
from index_builder.graph.resolution.resolve import resolve
from index_builder.graph.text.apply import ApplyReport, apply_mentions
from index_builder.graph.text.knowledge import learn
from index_builder.graph.text.merge import merged
from index_builder.graph.text.read import read_texts, sure_spans
from index_builder.graph.text.relations import read_relations
from index_builder.graph.upkeep.carry import carry_from
from index_builder.graph.upkeep.compress import compress
from index_builder.graph.upkeep.expire import Expiry
from index_builder.graph.upkeep.fuse import fuse
from index_builder.graph.upkeep.fusion_report import FusionReport
from index_builder.graph.upkeep.saving import CompressionReport
from index_builder.graph.vocabulary import SourceGraph

if TYPE_CHECKING:  # they import torch
    from index_builder.graph.embedding.embeddings import GraphEmbeddings
    from index_builder.graph.embedding.held_out import LinkReport
    from index_builder.graph.embedding.predict import PredictionReport


@dataclass(frozen=True, slots=True)
class Assembled:
    """The finished draft, all that was read in texts, and what each step says of its work."""

    draft: Draft
    mentions: Sequence[Mention]
    texts: ApplyReport
    resolution: ResolutionReport
    alignment: AlignmentSummary
    relations: RelationsReport | None
    fusion: FusionReport
    compression: CompressionReport
    expiry: Expiry | None
    embedding: Embedding | None


@dataclass(frozen=True, slots=True)
class Embedding:
    """Vectors of the graph's nodes and products, how well they find held-out statements, what was added."""

    vectors: GraphEmbeddings
    held_out: LinkReport
    predictions: PredictionReport


def assemble(products: Sequence[Product], materials: Materials) -> Assembled:
    """The graph of a cleaned catalogue (row i = product i), before anything is written. The same products and
    materials give the same draft.
    """
    step = materials.step
    with step("graph: facts"):
        draft = extract(products)
        drop_identifiers(draft)
    with step("graph: read texts") as advance:
        mentions = _read(draft, products, materials)
        texts = apply_mentions(draft, products, mentions)
        advance(len(mentions), len(mentions))
    with step("graph: resolve"):
        resolution = resolve(draft, products, embed=materials.embed, same_as=materials.same_as)
        infer(draft, products)
    with step("graph: align"):
        alignment = align(
            draft, products, materials.ontologies, vectors=materials.vectors, embed=materials.embed
        )
    with step("graph: relate products"):
        relations = _relate(draft, products, materials)
        expiry = _carry_over(draft, products, materials)
    with step("graph: weigh statements"):
        fusion = fuse(draft, products)
        compression = compress(draft)
    embedding = _embed(draft, products, materials) if materials.embedding else None
    return Assembled(
        draft, mentions, texts, resolution, alignment, relations, fusion, compression, expiry, embedding
    )


def _read(draft: Draft, products: Sequence[Product], materials: Materials) -> list[Mention]:
    knowledge = learn(products, draft, materials.ontologies)
    spans = sure_spans(knowledge)
    tagger = materials.tagger(knowledge.titles, spans) if materials.tagger and any(spans) else None
    found = read_texts(products, draft, tagger=tagger, knowledge=knowledge)
    return merged(found, read_relations(products, draft, found))


def _embed(draft: Draft, products: Sequence[Product], materials: Materials) -> Embedding:
    from index_builder.graph.embedding.embeddings import embed_graph
    from index_builder.graph.embedding.held_out import measure
    from index_builder.graph.embedding.predict import predict_missing

    with materials.step("graph: embed") as advance:
        vectors = embed_graph(draft, products, seed=materials.seed)
        held_out = measure(vectors)
        predictions = predict_missing(draft, products, vectors)
        advance(predictions.added, predictions.added)
    return Embedding(vectors, held_out, predictions)


def _carry_over(draft: Draft, products: Sequence[Product], materials: Materials) -> Expiry | None:
    """What shoppers did is not forgotten at once when an update is given no orders."""
    if materials.previous is None or materials.orders is not None:
        return None
    return carry_from(draft, products, materials.previous, {SourceGraph.BEHAVIOUR})


def _relate(draft: Draft, products: Sequence[Product], materials: Materials) -> RelationsReport | None:
    if materials.vectors is None:
        return None
    return relate_products(
        draft, products, vectors=materials.vectors, orders=materials.orders, seed=materials.seed
    )
