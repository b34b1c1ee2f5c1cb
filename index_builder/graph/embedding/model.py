"""The model behind graph embeddings: a bilinear score of a triple, so that a relation can be folded into one
end.

ComplEx (Trouillon et al., ICML 2016) scores Re(<h, r, conj(t)>), DistMult (Yang et al., ICLR 2015) <h, r, t>.
Both are inner products of a query made of two parts with the third, which is what training against many
candidates at once and scoring products in microseconds need; TransE and RotatE are not.
"""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor

from index_builder.graph.embedding.geometric import ComplEx, DistMult, KGEModel


class ModelKind(StrEnum):
    COMPLEX = "complex"
    DISTMULT = "distmult"


def make_model(kind: ModelKind, entities: int, relations: int, width: int) -> KGEModel:
    """`width` real numbers for each entity; ComplEx takes half of them as imaginary parts."""
    if kind is ModelKind.DISTMULT:
        return DistMult(entities, relations, width)
    return ComplEx(entities, relations, width // 2)


def entity_rows(model: KGEModel, index: Tensor) -> Tensor:
    """(n, width): real parts, then imaginary parts."""
    if isinstance(model, ComplEx):
        return torch.cat([model.node_emb(index), model.node_emb_im(index)], dim=-1)
    rows: Tensor = model.node_emb(index)
    return rows


def relation_row(model: KGEModel, relation: Tensor) -> Tensor:
    if isinstance(model, ComplEx):
        return torch.cat([model.rel_emb(relation), model.rel_emb_im(relation)], dim=-1)
    row: Tensor = model.rel_emb(relation)
    return row


def from_head(head: Tensor, relation: Tensor, kind: ModelKind) -> Tensor:
    """What the inner product with a tail's row makes the score of the triple."""
    if kind is ModelKind.DISTMULT:
        return head * relation
    (h, hi), (r, ri) = head.chunk(2, -1), relation.chunk(2, -1)
    return torch.cat([h * r - hi * ri, h * ri + hi * r], dim=-1)


def from_tail(tail: Tensor, relation: Tensor, kind: ModelKind) -> Tensor:
    """What the inner product with a head's row makes the score of the triple."""
    if kind is ModelKind.DISTMULT:
        return tail * relation
    (t, ti), (r, ri) = tail.chunk(2, -1), relation.chunk(2, -1)
    return torch.cat([t * r + ti * ri, ti * r - t * ri], dim=-1)
