"""The loss of the dual encoder: contrast over the batch, order of a query's own products, a teacher's
margins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss
from torch import Tensor
from torch.nn.functional import log_softmax

from index_builder.train.encoder.encoder_plan import LossPlan
from index_builder.train.encoder.examples import ExampleTable

Features = dict[str, Tensor]
_MASKED = -1e4
"""As a logit it is nothing (exp(-1e4) = 0), and unlike -inf it survives half precision."""
_CHUNK = 16
"""Texts of similar length that run together in a plain pass: little is padded, and a CPU is still busy."""


@dataclass(frozen=True, slots=True)
class _Targets:
    """What the table says of a batch of b queries with 1 + k products each, on the device of its labels.

    `masked` bool (b, b * (1 + k)), product i of column j at j * b + i; `own_masked` bool (b, 1 + k);
    `grades` and `teacher` float32 (b, 1 + k); `weights` float32 (b,).
    """

    masked: Tensor
    own_masked: Tensor
    grades: Tensor
    teacher: Tensor
    weights: Tensor

    @classmethod
    def of(cls, table: ExampleTable, labels: Tensor) -> _Targets:
        places = labels.cpu().numpy()
        examples = table.examples
        queries = [table.queries[place] for place in examples.queries[places]]
        rows = examples.rows[places]
        # Transposed, products lie in the order in which the columns are joined.
        products = rows.T.ravel()
        masked = np.stack([np.isin(products, query.answers) for query in queries])
        masked |= products == rows[:, :1]
        np.fill_diagonal(masked, val=False)  # numpy fills (b, b * (1 + k)) along its first b columns
        own = np.stack([masked[:, place * len(rows) :].diagonal() for place in range(rows.shape[1])], axis=1)
        weights = np.array([query.weight for query in queries], np.float32)
        tensors = (masked, own, examples.grades[places], examples.teacher[places], weights)
        return cls(*(torch.from_numpy(np.ascontiguousarray(each)).to(labels.device) for each in tensors))


class RankingLoss(CachedMultipleNegativesRankingLoss):
    """A weighted mean over the queries of a batch of up to three terms (LossPlan):

    - contrastive: InfoNCE, the query's positive against all products of the batch. Products that answer the
      query, by the table, are left out of the sum: they are false negatives.
    - graded: ListNet (Cao et al., ICML 2007) over the query's own products, targets in proportion to grades.
    - distillation: margin MSE (Hofstätter et al. 2020), the cosine margin of positive and negative against
      `teacher_span` times the teacher's.

    Labels are places in the table. `plain` keeps the graph of one forward pass, which takes a quarter less
    time than GradCache's two; both give the same loss and gradient. On several devices each compares within
    its own batch.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        table: ExampleTable,
        plan: LossPlan | None = None,
        *,
        mini_batch_size: int = 64,
        plain: bool = True,
    ) -> None:
        plan = plan or LossPlan()
        super().__init__(model, scale=plan.scale, mini_batch_size=mini_batch_size)
        self._plan = plan
        self._table = table
        self._places: list[Tensor] = []
        self._plain = plain

    def forward(self, sentence_features: Iterable[Features], labels: Tensor) -> Tensor:
        """`sentence_features` are the tokens of queries, positives, and each negative, in this order."""
        features = list(sentence_features)
        orders = [torch.argsort(column["attention_mask"].sum(dim=1), stable=True) for column in features]
        ordered = [_reordered(column, order) for column, order in zip(features, orders, strict=True)]
        self._places = [torch.argsort(order) for order in orders]
        try:
            if self._plain and torch.is_grad_enabled():
                return self._in_one_pass(ordered, labels)
            loss: Tensor = self.forward_cached(ordered, labels)
            return loss
        finally:
            self._places = []

    def _in_one_pass(self, features: list[Features], labels: Tensor) -> Tensor:
        embedded = [self._embed(column) for column in features]
        # The gradient of the embeddings is worked out first, apart from the model's graph, because the
        # wrapper for Matryoshka calls for it; a term with that gradient and no value then carries it on.
        leaves = [embeddings.detach().requires_grad_() for embeddings in embedded]
        loss = self.calculate_loss([[leaf] for leaf in leaves], labels, with_backward=True)
        gradients = [leaf.grad if leaf.grad is not None else torch.zeros_like(leaf) for leaf in leaves]
        carriers = [(one * gradient).sum() for one, gradient in zip(embedded, gradients, strict=True)]
        carrier = torch.stack(carriers).sum()
        return loss.detach() + carrier - carrier.detach()

    def _embed(self, column: Features) -> Tensor:
        """Float32 (n, dimension)."""
        count = len(column["attention_mask"])
        parts = [
            self.embed_minibatch(column, start, start + _CHUNK, with_grad=True, copy_random_state=False)[0]
            for start in range(0, count, _CHUNK)
        ]
        return torch.cat(parts).float()

    def calculate_loss(
        self, reps: list[list[Tensor]], labels: Tensor | None = None, *, with_backward: bool = False
    ) -> Tensor:
        """`reps[0]` are the queries' embeddings, in parts, `reps[1:]` those of positives and negatives."""
        if labels is None:
            raise ValueError("This loss needs the places of its examples as labels.")
        columns = [torch.cat(parts).float() for parts in reps]
        if self._places:
            columns = [column[places] for column, places in zip(columns, self._places, strict=True)]
        # Products of bfloat16 would be too coarse for a softmax over cosines times twenty.
        with torch.autocast(labels.device.type, enabled=False):
            loss = self._of_embeddings(columns, labels)
        if with_backward:
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
            loss = loss.detach()
        return loss

    def _of_embeddings(self, parts: list[Tensor], labels: Tensor) -> Tensor:
        queries, *columns = parts
        targets = _Targets.of(self._table, labels)
        cosines = self.similarity_fct(queries, torch.cat(columns))
        count = len(queries)
        own = torch.stack([cosines[:, place * count :].diagonal() for place in range(len(columns))], dim=1)
        each = self._contrast(cosines, targets.masked)
        if self._plan.graded:
            each = each + self._plan.graded * self._order(own, targets)
        if self._plan.distillation:
            each = each + self._plan.distillation * self._margins(own, targets)
        loss: Tensor = (each * targets.weights).sum() / targets.weights.sum()
        return loss

    def _contrast(self, cosines: Tensor, masked: Tensor) -> Tensor:
        logits = (cosines * self._plan.scale).masked_fill(masked, _MASKED)
        return -log_softmax(logits, dim=1).diagonal()

    def _order(self, own: Tensor, targets: _Targets) -> Tensor:
        logits = (own * self._plan.scale).masked_fill(targets.own_masked, _MASKED)
        wanted = targets.grades.masked_fill(targets.own_masked, 0.0)
        wanted = wanted / wanted.sum(dim=1, keepdim=True)
        return -(wanted * log_softmax(logits, dim=1)).sum(dim=1)

    def _margins(self, own: Tensor, targets: _Targets) -> Tensor:
        found = own[:, :1] - own[:, 1:]
        wanted = self._plan.teacher_span * (targets.teacher[:, :1] - targets.teacher[:, 1:])
        return ((found - wanted) ** 2).mean(dim=1)


def _reordered(column: Features, order: Tensor) -> Features:
    """The same texts, shortest first: parts of a batch are padded to their own longest text only."""
    return {
        name: value[order] if isinstance(value, Tensor) and len(value) == len(order) else value
        for name, value in column.items()
    }
