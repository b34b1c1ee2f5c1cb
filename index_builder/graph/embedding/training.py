"""Trains graph embeddings: every triple against the other answers to the same question.

The loss is softmax cross-entropy of the right tail among the relation's own tails (what else could a cable's
colour be), and of the right head among the heads of its batch, each weighed by the statement's confidence
(Ruffinelli et al., ICLR 2020, found cross-entropy the best loss of all models they compared). A batch joins
blocks of one relation each, so that a block is one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.types import RowArray
from index_builder.graph.embedding.geometric import KGEModel
from index_builder.graph.embedding.model import (
    ModelKind,
    entity_rows,
    from_head,
    from_tail,
    make_model,
    relation_row,
)
from index_builder.graph.embedding.triples import Triples

_BLOCK, _BATCH = 256, 4096
_MAX_CANDIDATES = 1024
_MASKED = -1e9


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """`width` real numbers for each entity; `learning_rate` is Adam's at the start, falling to 0 at the
    end.
    """

    kind: ModelKind = ModelKind.DISTMULT
    width: int = 64
    epochs: int = 12
    learning_rate: float = 0.02


@dataclass(frozen=True, slots=True)
class _Block:
    """Triples of one relation and the tails they are compared with; `target` is the right one's place."""

    relation: int
    head: RowArray
    tail: RowArray
    candidates: RowArray
    target: RowArray
    weight: NDArray[np.float32]


def train(triples: Triples, settings: TrainingSettings, *, seed: int = 0) -> KGEModel:
    """A model in evaluation mode. The same triples, settings and seed give the same one: blocks are small, so
    one thread is used, however many there are.
    """
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        model = make_model(
            settings.kind, max(1, len(triples.entities)), max(1, len(triples.relations)), settings.width
        )
        _fit(model, triples, settings, np.random.default_rng(seed))
    return model.eval()


def _fit(model: KGEModel, triples: Triples, settings: TrainingSettings, random: np.random.Generator) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1.0 - epoch / settings.epochs)
        for batch in _batches(triples, random):
            optimiser.zero_grad()
            loss = _loss(model, batch, settings.kind)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def tails_of(triples: Triples) -> list[RowArray]:
    """What each relation leads to, ascending."""
    ends = np.searchsorted(triples.relation, np.arange(len(triples.relations) + 1))
    return [np.unique(triples.tail[start:end]) for start, end in pairwise(ends)]


def _batches(triples: Triples, random: np.random.Generator) -> Iterator[list[_Block]]:
    blocks = _blocks(triples, random)
    batch: list[_Block] = []
    for place in random.permutation(len(blocks)):
        batch.append(blocks[place])
        if sum(len(block.head) for block in batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _blocks(triples: Triples, random: np.random.Generator) -> list[_Block]:
    ends = np.searchsorted(triples.relation, np.arange(len(triples.relations) + 1))
    blocks = []
    for relation, tails in enumerate(tails_of(triples)):
        members = random.permutation(np.arange(ends[relation], ends[relation + 1]))
        for start in range(0, len(members), _BLOCK):
            chosen = members[start : start + _BLOCK]
            head, tail = triples.head[chosen], triples.tail[chosen]
            candidates = tails
            if len(tails) > _MAX_CANDIDATES:
                candidates = np.union1d(tail, random.choice(tails, _MAX_CANDIDATES, replace=False))
            target = np.searchsorted(candidates, tail)
            blocks.append(_Block(relation, head, tail, candidates, target, triples.weight[chosen]))
    return blocks


def _loss(model: KGEModel, batch: Sequence[_Block], kind: ModelKind) -> Tensor:
    """Rows are fetched once for the batch: a fetch of its own for each block would clear a whole gradient."""
    parts = [array for block in batch for array in (block.head, block.tail, block.candidates)]
    rows = entity_rows(model, torch.from_numpy(np.concatenate(parts)))
    pieces = iter(torch.split(rows, [len(part) for part in parts]))
    relations = relation_row(model, torch.tensor([block.relation for block in batch]))
    total, losses = sum(len(block.head) for block in batch), []
    for block, relation in zip(batch, relations, strict=True):
        head, tail, candidates = next(pieces), next(pieces), next(pieces)
        weight = torch.from_numpy(block.weight)
        if len(candidates) > 1:
            scores = from_head(head, relation, kind) @ candidates.T
            right = torch.from_numpy(block.target)
            losses.append((weight * functional.cross_entropy(scores, right, reduction="none")).sum())
        if len(head) > 1:
            losses.append(_head_loss(head, from_tail(tail, relation, kind), block, weight))
    return torch.stack(losses).sum() / total if losses else rows.sum() * 0.0


def _head_loss(head: Tensor, query: Tensor, block: _Block, weight: Tensor) -> Tensor:
    """Heads with the same tail are right too, so they are no wrong answers."""
    tail = torch.from_numpy(block.tail)
    also_right = (tail[:, None] == tail[None, :]) & ~torch.eye(len(tail), dtype=torch.bool)
    scores = (query @ head.T).masked_fill(also_right, _MASKED)
    right = torch.arange(len(tail))
    return (weight * functional.cross_entropy(scores, right, reduction="none")).sum()
