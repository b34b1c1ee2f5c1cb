"""The steps that make a graph out of a catalogue, in their order; each leaves the draft richer or cleaner.

    facts -> texts -> resolution -> inference -> alignment -> products -> embedding -> fusion -> compression

What the shop states comes first, what is read out of its texts next; names that mean the same are joined
before anything is concluded from them; statements are weighed against each other when all are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.types import Product
from index_builder.graph.alignment.run import AlignmentSummary, align
from index_builder.graph.draft import Draft
from index_builder.graph.facts import extract
from index_builder.graph.infer import drop_identifiers, infer
from index_builder.graph.materials import Materials
from index_builder.graph.relations.relate import RelationsReport, relate_products
from index_builder.graph.resolution.report import ResolutionReport
from index_builder.graph.resolution.resolve import resolve
from index_builder.graph.text.apply import ApplyReport, apply_mentions
from index_builder.graph.text.read import read_texts
from index_builder.graph.text.relations import read_relations
from index_builder.graph.upkeep.compress import compress
from index_builder.graph.upkeep.fuse import fuse
from index_builder.graph.upkeep.fusion_report import FusionReport
from index_builder.graph.upkeep.saving import CompressionReport


@dataclass(frozen=True, slots=True)
class Assembled:
    """The finished draft, and what each step says of its work."""

    draft: Draft
    texts: ApplyReport
    resolution: ResolutionReport
    alignment: AlignmentSummary
    relations: RelationsReport | None
    fusion: FusionReport
    compression: CompressionReport


def assemble(products: Sequence[Product], materials: Materials) -> Assembled:
    """The graph of a cleaned catalogue (row i = product i), before anything is written. The same products and
    materials give the same draft.
    """
    step = materials.step
    with step("graph: facts"):
        draft = extract(products)
        drop_identifiers(draft)
    with step("graph: read texts") as advance:
        mentions = read_texts(products, draft, ontologies=materials.ontologies)
        mentions += read_relations(products, draft, mentions)
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
    with step("graph: weigh statements"):
        fusion = fuse(draft, products)
        compression = compress(draft)
    return Assembled(draft, texts, resolution, alignment, relations, fusion, compression)


def _relate(draft: Draft, products: Sequence[Product], materials: Materials) -> RelationsReport | None:
    if materials.vectors is None:
        return None
    return relate_products(
        draft, products, vectors=materials.vectors, orders=materials.orders, seed=materials.seed
    )
