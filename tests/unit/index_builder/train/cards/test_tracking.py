"""Figures go to TensorBoard and the history, to Weights & Biases with its key; no service stops a run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from engine.errors import ConfigError
from index_builder.train.cards.history import HISTORY, History
from index_builder.train.cards.tracking import KEY, RUNS, open_tracker
from index_builder.train.control import NoTracker

WITH_KEY = {KEY: "k"}


def on_the_board(folder: Path, name: str) -> list[tuple[int, float]]:
    board = EventAccumulator(str(folder / RUNS))
    board.Reload()
    return [(each.step, round(each.value, 6)) for each in board.Scalars(name)]  # float32 there


def in_the_history(folder: Path, name: str) -> list[tuple[int, float]]:
    return History(folder / HISTORY).series()[name]


def test_figures_are_on_the_board_and_in_the_history(tmp_path: Path) -> None:
    with open_tracker(tmp_path / "out", "encoder", {"seed": 3}, environment={}) as tracker:
        tracker.log(0, {"held_out/ndcg@10": 0.5})
        tracker.log(10, {"train/loss": 1.5})

    for read in (on_the_board, in_the_history):
        assert read(tmp_path / "out", "held_out/ndcg@10") == [(0, 0.5)]
        assert read(tmp_path / "out", "train/loss") == [(10, 1.5)]


def test_a_resumed_run_goes_on_in_both(tmp_path: Path) -> None:
    with open_tracker(tmp_path, "encoder", {}, environment={}) as tracker:
        for step in (10, 20, 30):
            tracker.log(step, {"train/loss": float(step)})
    with open_tracker(tmp_path, "encoder", {}, resume=True, environment={}) as tracker:
        tracker.log(20, {"train/loss": 2.0})
        tracker.log(30, {"train/loss": 3.0})

    for read in (on_the_board, in_the_history):
        assert read(tmp_path, "train/loss") == [(10, 10.0), (20, 2.0), (30, 3.0)]


def test_a_new_run_replaces_the_last(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        with open_tracker(tmp_path, "encoder", {}, environment={}) as tracker:
            tracker.log(10, {"train/loss": value})

    for read in (on_the_board, in_the_history):
        assert read(tmp_path, "train/loss") == [(10, 2.0)]


def test_what_was_said_before_a_run_was_interrupted_is_kept(tmp_path: Path) -> None:
    def interrupted() -> None:
        with open_tracker(tmp_path, "encoder", {}, environment={}) as tracker:
            tracker.log(10, {"train/loss": 1.0})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    for read in (on_the_board, in_the_history):
        assert read(tmp_path, "train/loss") == [(10, 1.0)]


def test_only_the_first_of_several_processes_keeps_figures(tmp_path: Path) -> None:
    with open_tracker(tmp_path / "out", "encoder", {}, environment={"RANK": "1"}) as tracker:
        assert isinstance(tracker, NoTracker)

    assert not (tmp_path / "out").exists()


def test_without_tensorboard_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)

    with (
        pytest.raises(ConfigError, match=r"pip install 'cartograph-search\[train\]'"),
        open_tracker(tmp_path, "encoder", {}, environment={}),
    ):
        pass


class FakeService(SimpleNamespace):
    """Weights & Biases as far as it is used; `fails` names the call that finds no network."""

    def __init__(self, fails: str = "") -> None:
        super().__init__(Settings=lambda **given: given, fails=fails, told=[], finished=False)

    def _call(self, name: str) -> None:
        if name == self.fails:
            raise ConnectionError("no route to host\nand a long trace")

    def init(self, **given: Any) -> FakeService:
        self._call("init")
        self.given = given
        return self

    def log(self, figures: dict[str, float], *, step: int) -> None:
        self._call("log")
        self.told.append((step, figures))

    def finish(self) -> None:
        self._call("finish")
        self.finished = True


def run(folder: Path, environment: dict[str, str]) -> list[str]:
    """What was warned of."""
    warned: list[str] = []
    with open_tracker(folder, "encoder", {"seed": 3}, warn=warned.append, environment=environment) as tracker:
        tracker.log(10, {"train/loss": 1.0})
        tracker.log(20, {"train/loss": 0.5})
    return warned


def test_with_its_key_the_service_is_told_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeService()
    monkeypatch.setitem(sys.modules, "wandb", service)

    assert run(tmp_path, WITH_KEY) == []

    assert service.told == [(10, {"train/loss": 1.0}), (20, {"train/loss": 0.5})]
    assert service.finished
    assert (service.given["name"], service.given["config"]) == ("encoder", {"seed": 3})


def test_without_its_key_the_service_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeService()
    monkeypatch.setitem(sys.modules, "wandb", service)

    assert run(tmp_path, {}) == []
    assert service.told == []


def test_a_key_without_the_package_is_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)

    (warning,) = run(tmp_path, WITH_KEY)

    assert "wandb is not installed" in warning
    assert in_the_history(tmp_path, "train/loss") == [(10, 1.0), (20, 0.5)]


@pytest.mark.parametrize(
    ("fails", "what"), [("init", "start"), ("log", "keep figures"), ("finish", "finish")]
)
def test_a_service_that_fails_is_one_warning_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, what: str
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", FakeService(fails))

    assert run(tmp_path, WITH_KEY) == [f"Weights & Biases cannot {what} (no route to host)."]
    assert in_the_history(tmp_path, "train/loss") == [(10, 1.0), (20, 0.5)]


def test_warnings_go_to_stderr_where_nobody_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)

    with open_tracker(tmp_path, "encoder", {}, environment=WITH_KEY):
        pass

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("warning: ")
    assert printed.err.count("\n") == 1
