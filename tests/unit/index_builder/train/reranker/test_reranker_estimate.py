from __future__ import annotations

from pathlib import Path

import pytest

from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.train.reranker.reranker_estimate import estimate_reranker, require_disk
from index_builder.train.reranker.reranker_plan import RerankerPlan
from tests.unit.index_builder.train.small_model import write_small_model
from tests.unit.index_builder.train.small_pairs import queries, ware

pytestmark = pytest.mark.usefixtures("one_torch_thread")

PLAN = RerankerPlan(teacher_layers=2, student_layers=1, max_tokens=16, student_epochs=3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    with quiet():
        write_small_model(folder, pooling="mean")
    return folder / "model"


def test_pairs_time_and_room_are_reckoned(base: Path) -> None:
    asked = queries(rows=24)
    estimate = estimate_reranker(PLAN, asked, ware, base=base, held_out=asked, device="cpu")

    # The teacher: 6 x 24 pairs in two stages. Found: 6 queries x 20. The student: both, three times.
    assert estimate.unlabelled_pairs == 6 * 20
    assert estimate.pairs == 2 * 144 + 3 * (144 + 120)
    assert estimate.seconds > 20
    assert estimate.memory_mib > 50
    # About a million weights of 4 bytes, most of them embeddings of 30,522 words x 32.
    assert 8 * 3.7 < estimate.disk_mib < 8 * 4.2
    assert estimate.device == "cpu"


def test_what_cannot_be_trained_is_not_reckoned(base: Path) -> None:
    with pytest.raises(ConfigError, match="36 training pairs"):
        estimate_reranker(PLAN, queries(rows=6), ware, base=base)


def test_room_on_the_disk_is_asked_for_before_training(tmp_path: Path) -> None:
    require_disk(tmp_path / "not" / "there", 0.001)
    with pytest.raises(ConfigError, match=r"has room for .* MiB, and the training needs 1,000,000,000 MiB"):
        require_disk(tmp_path, 1e9)
