from __future__ import annotations

import pytest
import torch
from torch import nn

from index_builder.train.encoder.adversary import AdversarialPass
from index_builder.train.encoder.encoder_plan import Adversary


class Small(nn.Module):
    """The loss is the dot product of (3, 4), the word, with the weights (1, 2): both gradients are known."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(1, 2)
        self.body = nn.Linear(2, 1, bias=False)
        with torch.no_grad():
            self.words.weight.copy_(torch.tensor([[3.0, 4.0]]))
            self.body.weight.copy_(torch.tensor([[1.0, 2.0]]))

    def backward(self) -> None:
        loss: torch.Tensor = self.body(self.words(torch.tensor([0]))).sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it


def test_fgm_moves_the_words_along_the_gradient_and_back() -> None:
    model = Small()
    adversary = AdversarialPass(Adversary.FGM, 0.5, words=model.words, model=model)
    with adversary.watching():
        model.backward()
        with adversary.moved():
            # The gradient of the word is (1, 2), of length sqrt(5).
            moved = torch.tensor([[3 + 0.5 / 5**0.5, 4 + 0.5 * 2 / 5**0.5]])
            torch.testing.assert_close(model.words.weight.data, moved)
            torch.testing.assert_close(model.body.weight.data, torch.tensor([[1.0, 2.0]]))
            model.backward()

    assert model.words.weight.tolist() == [[3.0, 4.0]]
    # The gradient of the body is the word itself: as it was, and as it was moved.
    torch.testing.assert_close(model.body.weight.grad, torch.tensor([[3.0, 4.0]]) + moved)


def test_awp_moves_each_matrix_by_a_share_of_its_length() -> None:
    model = Small()
    adversary = AdversarialPass(Adversary.AWP, 0.1, words=model.words, model=model)
    with adversary.watching():
        model.backward()
        with adversary.moved():
            # Along (3, 4), the gradient of length 5, by a tenth of the length of (1, 2).
            moved = torch.tensor([[1 + 0.1 * 5**0.5 * 3 / 5, 2 + 0.1 * 5**0.5 * 4 / 5]])
            torch.testing.assert_close(model.body.weight.data, moved)

    assert model.body.weight.tolist() == [[1.0, 2.0]]


def test_frozen_words_are_moved_and_stay_frozen() -> None:
    model = Small()
    model.words.requires_grad_(False)
    adversary = AdversarialPass(Adversary.FGM, 0.5, words=model.words, model=model)
    with adversary.watching():
        model.backward()
        with adversary.moved():
            assert model.words.weight.tolist() != [[3.0, 4.0]]

    assert model.words.weight.grad is None
    assert not model.words.weight.requires_grad


def test_weights_are_put_back_when_the_pass_fails() -> None:
    model = Small()
    adversary = AdversarialPass(Adversary.AWP, 0.1, words=model.words, model=model)
    model.backward()
    with pytest.raises(MemoryError), adversary.moved():
        raise MemoryError

    assert model.body.weight.tolist() == [[1.0, 2.0]]
