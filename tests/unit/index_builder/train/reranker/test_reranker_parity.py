from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.types import FloatArray
from index_builder.train.reranker.cross_encoder import export_cross_encoder
from index_builder.train.reranker.pair_quality import logits_by_list
from index_builder.train.reranker.reranker_parity import check_parity, parity_of
from tests.unit.index_builder.train.small_pairs import SmallLessons, small_pair_model

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def floats(*values: float) -> FloatArray:
    return np.array(values, np.float32)


def test_the_same_scores_agree_fully() -> None:
    lists = [floats(0.1, 0.9, 0.5), floats(0.2, 0.3)]
    parity = parity_of(lists, lists)

    assert (parity.pairs, parity.tau, parity.overlap, parity.difference) == (5, 1.0, 1.0, 0.0)


def test_tau_counts_pairs_in_another_order() -> None:
    # Of three pairs of products one is turned round: (2 - 1) / 3. The first half, two, is shared by one.
    parity = parity_of([floats(0.3, 0.2, 0.1)], [floats(0.3, 0.1, 0.2)])

    assert parity.tau == pytest.approx(1 / 3)
    assert parity.overlap == pytest.approx(1 / 2)
    assert parity.difference == pytest.approx(0.1)


def test_lists_of_one_say_nothing_of_the_order() -> None:
    parity = parity_of([floats(0.3)], [floats(0.4)])

    assert (parity.tau, parity.overlap) == (1.0, 1.0)
    assert parity.difference == pytest.approx(0.1)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> SmallLessons:
    return SmallLessons.write(tmp_path_factory.mktemp("lessons"))


def test_an_exported_model_keeps_its_scores_and_another_ones_are_refused(
    tmp_path: Path, lessons: SmallLessons
) -> None:
    folder = tmp_path
    SmallLessons.write(folder)
    model = small_pair_model()
    export_cross_encoder(model, lessons.spec, folder)
    logits = logits_by_list(model, lessons.lists, lessons.spec)

    assert check_parity(folder, lessons.lists, logits).pairs == 36
    with pytest.raises(ConfigError, match="differs from the trained one: Kendall's tau"):
        check_parity(folder, lessons.lists, [-each for each in logits])
