from __future__ import annotations

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss
from torch.nn.functional import cosine_similarity, log_softmax

from engine.backends.torch_model import quiet
from index_builder.train.encoder.encoder_plan import LossPlan
from index_builder.train.encoder.examples import Examples, ExampleTable
from index_builder.train.encoder.ranking_loss import RankingLoss
from tests.unit.index_builder.train.small_model import write_small_model
from tests.unit.index_builder.train.small_queries import TEXTS, query

pytestmark = pytest.mark.usefixtures("one_torch_thread")

QUERIES = [
    query("red ink", {0: 1.0, 5: 0.0}, answers=(0, 1), weight=2.0),
    query("a blue kettle, and a long query at that", {5: 1.0, 9: 0.25}),
    query("ink", {1: 0.5, 8: 0.25}, answers=(0, 1)),
]
EXAMPLES = Examples(
    queries=np.array([0, 1, 2]),
    rows=np.array([[0, 5], [5, 9], [1, 8]]),
    grades=np.array([[1, 0], [1, 0.25], [0.5, 0.25]], np.float32),
    teacher=np.array([[0.9, 0.1], [0.8, 0.6], [0.7, 0.2]], np.float32),
)
ALL = LossPlan(scale=10.0, graded=0.5, distillation=2.0, teacher_span=0.4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformer:
    with quiet():
        return write_small_model(tmp_path_factory.mktemp("small"), pooling="mean")


def table(examples: Examples = EXAMPLES) -> ExampleTable:
    shown = ExampleTable(QUERIES, TEXTS)
    shown.examples = examples
    return shown


def embeddings(seed: int = 0) -> list[torch.Tensor]:
    """Of queries, positives and negatives, three each."""
    chance = torch.Generator().manual_seed(seed)
    return [torch.randn(3, 8, generator=chance, requires_grad=True) for _ in range(3)]


def written_out(parts: list[torch.Tensor], plan: LossPlan) -> torch.Tensor:
    """The loss of the three examples, one query after the other."""
    queries, positives, negatives = parts
    products = torch.cat([positives, negatives])  # rows 0, 5, 1, 5, 9, 8
    # Beside its own positive, query 0 has answers 0 and 1, query 1 has 5, query 2 has 0 and 1.
    kept = [[0, 1, 3, 4, 5], [0, 1, 2, 4, 5], [1, 2, 3, 4, 5]]
    total = torch.tensor(0.0)
    for i, weight in enumerate((2.0, 1.0, 1.0)):
        cosines = cosine_similarity(queries[i : i + 1], products)
        term = -log_softmax(plan.scale * cosines[kept[i]], dim=0)[kept[i].index(i)]
        own = cosines[[i, 3 + i]]
        grades = torch.from_numpy(EXAMPLES.grades[i])
        term = term - plan.graded * (grades / grades.sum() * log_softmax(plan.scale * own, dim=0)).sum()
        teacher = torch.from_numpy(EXAMPLES.teacher[i])
        margin = (own[0] - own[1]) - plan.teacher_span * (teacher[0] - teacher[1])
        total = total + weight * (term + plan.distillation * margin**2)
    return total / 4.0  # the weights are 2 + 1 + 1


@pytest.mark.parametrize("plan", [LossPlan(graded=0.0), LossPlan(graded=1.0), ALL])
def test_the_loss_is_the_one_written_out(model: SentenceTransformer, plan: LossPlan) -> None:
    given, wanted = embeddings(), embeddings()
    loss = RankingLoss(model, table(), plan).calculate_loss([[part] for part in given], torch.arange(3))
    expected = written_out(wanted, plan)
    loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
    expected.backward()  # type: ignore[no-untyped-call]  # torch does not type it

    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for one, other in zip(given, wanted, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_parts_of_a_batch_make_no_difference(model: SentenceTransformer) -> None:
    whole = [part.detach() for part in embeddings()]
    loss = RankingLoss(model, table(), ALL)
    split = [[part[:2], part[2:]] for part in whole]

    assert loss.calculate_loss(split, torch.arange(3)).item() == pytest.approx(
        loss.calculate_loss([[part] for part in whole], torch.arange(3)).item(), rel=1e-6
    )


def test_only_other_answers_are_masked(model: SentenceTransformer) -> None:
    """The loss moves with every product of the batch but those that answer the query."""
    parts = embeddings()
    parts[0].requires_grad_(False)
    others = [query("other", {1: 1.0}, weight=1e-12)] * 2
    shown = ExampleTable([query("red ink", {0: 1.0, 5: 0.0}, answers=(0, 1)), *others], TEXTS)
    shown.examples = EXAMPLES
    RankingLoss(model, shown, LossPlan(graded=0.0)).calculate_loss(
        [[part] for part in parts], torch.arange(3), with_backward=True
    )
    rows = [row for part in parts[1:] if part.grad is not None for row in part.grad]
    moved = [bool(row.abs().max() > 1e-9) for row in rows]

    # Products of the batch: rows 0, 5, 1, 5, 9, 8; row 1 answers the first query, too.
    assert moved == [True, True, False, True, True, True]


def gradients(model: SentenceTransformer, loss: torch.nn.Module, texts: list[list[str]]) -> torch.Tensor:
    model.zero_grad()
    features = [model.preprocess(column) for column in texts]
    value = loss(features, torch.arange(3))
    value.backward()
    found = [weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]
    return torch.cat([value.detach().reshape(1), *found])


COLUMNS = [
    [each.text for each in QUERIES],
    [TEXTS[row] for row in EXAMPLES.rows[:, 0]],
    [TEXTS[row] for row in EXAMPLES.rows[:, 1]],
]


@pytest.mark.parametrize("dimensions", [(32,), (32, 16, 8)])
def test_one_pass_and_cached_mini_batches_give_the_same_gradient(
    model: SentenceTransformer, dimensions: tuple[int, ...]
) -> None:
    def wrapped(*, plain: bool, mini_batch_size: int) -> torch.nn.Module:
        ranking = RankingLoss(model, table(), ALL, mini_batch_size=mini_batch_size, plain=plain)
        return MatryoshkaLoss(model, ranking, dimensions)

    plain = gradients(model, wrapped(plain=True, mini_batch_size=3), COLUMNS)
    cached = gradients(model, wrapped(plain=False, mini_batch_size=2), COLUMNS)

    torch.testing.assert_close(plain, cached, rtol=1e-4, atol=1e-5)


def test_matryoshka_adds_up_the_losses_of_cut_embeddings(model: SentenceTransformer) -> None:
    """384, 256, 128, 64 in service; 32, 16, 8 here."""
    features = [model.preprocess(column) for column in COLUMNS]
    parts = [model(dict(column))["sentence_embedding"].detach() for column in features]
    losses = [written_out([part[:, :size] for part in parts], ALL).item() for size in (32, 16, 8)]
    loss = MatryoshkaLoss(model, RankingLoss(model, table(), ALL), (32, 16, 8))

    assert loss(features, torch.arange(3)).item() == pytest.approx(sum(losses), rel=1e-5)
    assert loss(features, torch.arange(3)).requires_grad


@pytest.mark.parametrize("plain", [True, False])
def test_texts_are_embedded_in_the_order_they_came(model: SentenceTransformer, plain: bool) -> None:
    """Inside, they run in the order of their lengths, a few at a time."""
    texts = ["word " * (1 + 7 * place % 13) for place in range(40)]
    wanted = model.encode(texts, convert_to_tensor=True, show_progress_bar=False)
    seen: list[torch.Tensor] = []

    class Watched(RankingLoss):
        def _of_embeddings(self, parts: list[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
            seen.extend(parts)
            return super()._of_embeddings(parts, labels)

    queries = [query(str(place), {place: 1.0}) for place in range(40)]
    rows = np.stack([np.arange(40), np.arange(40)[::-1]], axis=1)
    shown = ExampleTable(queries, texts)
    shown.examples = Examples(np.arange(40), rows, np.ones(rows.shape, np.float32), rows.astype(np.float32))
    Watched(model, shown, plain=plain, mini_batch_size=12)(
        [model.preprocess(column) for column in (texts, texts[::-1], texts)], torch.arange(40)
    )

    torch.testing.assert_close(seen[0], wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(seen[1], wanted.flip(0), rtol=1e-4, atol=1e-5)
