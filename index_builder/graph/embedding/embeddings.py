"""Graph embeddings of a catalogue: a row of numbers for each product and node, and what they are good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from engine.types import FloatArray, Product, RowArray
from index_builder.graph.draft import Draft
from index_builder.graph.embedding.held_out import hold_out
from index_builder.graph.embedding.model import ModelKind, entity_rows, from_head, from_tail, relation_row
from index_builder.graph.embedding.training import TrainingSettings, tails_of, train
from index_builder.graph.embedding.triples import Triples, triples_of


@dataclass(frozen=True)
class GraphEmbeddings:
    """`rows` float32 (entities, width), `relation_rows` float32 (relations, width); entities and relations
    are those of `known`, the triples trained on. `held_out` are triples kept from training, to measure with.
    """

    kind: ModelKind
    rows: FloatArray
    relation_rows: FloatArray
    known: Triples
    held_out: Triples
    tails: Sequence[RowArray] = field(repr=False)
    """What each relation leads to, ascending."""

    @cached_property
    def place(self) -> Mapping[str, int]:
        return {iri: index for index, iri in enumerate(self.known.entities)}

    @cached_property
    def relation(self) -> Mapping[str, int]:
        return {name: index for index, name in enumerate(self.known.relations)}

    def tail_scores(self, heads: RowArray, relation: int) -> FloatArray:
        """float32 (len(heads), tails of the relation): the higher, the likelier."""
        query = from_head(
            torch.from_numpy(self.rows[heads]), torch.from_numpy(self.relation_rows[relation]), self.kind
        )
        scores: FloatArray = query.numpy() @ self.rows[self.tails[relation]].T
        return scores

    def folded(self, tails: RowArray, relations: RowArray) -> FloatArray:
        """Rows whose inner product with a product's row is the score of (product, relation, tail)."""
        one, two = torch.from_numpy(self.rows[tails]), torch.from_numpy(self.relation_rows[relations])
        folded: FloatArray = from_tail(one, two, self.kind).numpy()
        return folded


def embed_graph(
    draft: Draft,
    products: Sequence[Product],
    *,
    settings: TrainingSettings | None = None,
    seed: int = 0,
) -> GraphEmbeddings:
    """Train on all statements of the draft but one in fifty of its attribute values, which are held out.

    On icecat's draft with its relations between products: 293,000 statements, 38,000 entities. Mean
    reciprocal rank, hits@1 and hits@10 of the 3,789 held-out values among those of the attribute (filtered):

        most frequent value                        .445  .335  .661
        most frequent value of the product's type  .665  .562  .846
        ComplEx, 6 epochs, 20 CPU seconds          .783  .708  .908
        ComplEx, 12 epochs, 43 CPU seconds         .802  .736  .915
        DistMult, 12 epochs, 38 CPU seconds        .811  .744  .925

    TransE and RotatE cannot be trained against many candidates at once. With twelve sampled ones, four
    epochs, 25 to 30 CPU seconds and 3,846 other held-out values they had .403 .262 .665 and .706 .607 .880.
    """
    settings = settings or TrainingSettings()
    everything = triples_of(draft, products)
    held = hold_out(everything, seed=seed)
    known = everything.subset(~held)
    model = train(known, settings, seed=seed)
    with torch.no_grad():
        rows = entity_rows(model, torch.arange(len(known.entities)))
        relations = relation_row(model, torch.arange(len(known.relations)))
    return GraphEmbeddings(
        settings.kind, rows.numpy(), relations.numpy(), known, everything.subset(held), tails_of(known)
    )


def unit(rows: FloatArray) -> FloatArray:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: FloatArray = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit
