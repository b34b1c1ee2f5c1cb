"""Curves: a picture that can be read, the same for the same history."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.image import imread

from engine.errors import ConfigError
from index_builder.train.cards.curves import CURVES, draw_curves
from index_builder.train.cards.history import HISTORY, History

PNG = b"\x89PNG\r\n\x1a\n"


def trained(folder: Path, steps: int = 60) -> Path:
    folder.mkdir(exist_ok=True)
    history = History(folder / HISTORY)
    history.log(0, {"held_out/ndcg@10": 0.5, "held_out/log_loss": 0.7})
    for step in range(1, steps + 1):
        history.log(step, {"train/loss": 1 / step, "train/learning_rate": 1e-5 * step, "train/gradient": 9e9})
    history.log(steps, {"held_out/ndcg@10": 0.625, "held_out/log_loss": 0.5})
    return folder


def test_the_picture_has_its_size_and_tells_no_date(tmp_path: Path) -> None:
    path = draw_curves(trained(tmp_path), "encoder from tiny-bert")

    assert path == tmp_path / CURVES
    content = path.read_bytes()
    assert content.startswith(PNG)
    assert b"tEXt" not in content  # where PNG keeps dates and versions
    height, width, _channels = imread(path).shape
    assert (width, height) == (9.0 * 120, 8.0 * 120)


def test_the_same_history_gives_the_same_bytes_whatever_a_user_likes(tmp_path: Path) -> None:
    first = draw_curves(trained(tmp_path / "a"), "encoder")
    with mpl.rc_context({"figure.facecolor": "black", "lines.linewidth": 9}):
        second = draw_curves(trained(tmp_path / "b"), "encoder")

    assert first is not None
    assert second is not None
    assert first.read_bytes() == second.read_bytes()


def test_other_figures_give_another_picture(tmp_path: Path) -> None:
    short, long = (draw_curves(trained(tmp_path / str(n), n), "encoder") for n in (50, 60))

    assert short is not None
    assert long is not None
    assert short.read_bytes() != long.read_bytes()


def test_drawing_leaves_the_users_style_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    draw_curves(trained(tmp_path), "$x_1$ is no formula here")

    assert dict(mpl.rcParams) == before


def test_a_run_that_only_measured_is_drawn_too(tmp_path: Path) -> None:
    History(tmp_path / HISTORY).log(0, {"held_out/ndcg@10": 0.5})

    assert draw_curves(tmp_path, "encoder") == tmp_path / CURVES


def test_without_figures_there_is_no_picture(tmp_path: Path) -> None:
    assert draw_curves(tmp_path, "encoder") is None
    assert not (tmp_path / CURVES).exists()


def test_without_matplotlib_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ConfigError, match=r"pip install 'cartograph-search\[train\]'"):
        draw_curves(trained(tmp_path), "encoder")
