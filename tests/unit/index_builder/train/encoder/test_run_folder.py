from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError
from index_builder.train.control import TrainingControl
from index_builder.train.encoder.examples import Examples
from index_builder.train.encoder.run_folder import open_run_folder

EXAMPLES = Examples(*(np.zeros((1, 2), kind) for kind in (np.int64, np.int64, np.float32, np.float32)))


def write_checkpoint(folder: Path, step: int, *, whole: bool = True) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir()
    (checkpoint / "trainer_state.json").write_text("{}" if whole else "{")
    return checkpoint


def started(folder: Path) -> TrainingControl:
    control = TrainingControl(checkpoints=folder / "run")
    with open_run_folder(control, "same") as run:
        run.keep_examples(0, EXAMPLES)
    return replace(control, resume=True)


def test_the_last_whole_checkpoint_counts(tmp_path: Path) -> None:
    control = started(tmp_path)
    write_checkpoint(tmp_path / "run", 9)
    whole = write_checkpoint(tmp_path / "run", 10)
    torn = write_checkpoint(tmp_path / "run", 11, whole=False)
    with open_run_folder(control, "same") as run:
        assert run.last_checkpoint() == (whole, 10)
        assert run.examples(0) is not None
        assert run.examples(1) is None

    assert not torn.exists()


def test_a_run_killed_before_its_first_checkpoint_starts_anew(tmp_path: Path) -> None:
    with open_run_folder(started(tmp_path), "same") as run:
        assert run.last_checkpoint() == (None, 0)
        assert run.examples(0) is None


def test_a_new_run_drops_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    control = replace(started(tmp_path), resume=False)
    write_checkpoint(tmp_path / "run", 10)
    (tmp_path / "run" / "notes.txt").touch()
    with open_run_folder(control, "other"):
        assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["notes.txt", "run.json"]


def test_a_run_goes_on_with_the_same_data_and_plan_alone(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="had other data or another plan"),
        open_run_folder(started(tmp_path), "other"),
    ):
        pass
    nothing = TrainingControl(checkpoints=tmp_path / "nothing", resume=True)
    with (
        pytest.raises(ConfigError, match=r"no training run in .* to go on with"),
        open_run_folder(nothing, ""),
    ):
        pass


def test_without_a_folder_nothing_is_left_behind() -> None:
    with open_run_folder(TrainingControl(), "") as run:
        assert not run.keeps
        assert run.path.is_dir()
    assert not run.path.exists()
