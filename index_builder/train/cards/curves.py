"""The curves of a training run as a picture, `curves.png`: loss, held-out figures, learning rate by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigError
from index_builder.train.cards.history import HISTORY, History, Points
from index_builder.train.cards.tracking import EXTRA

CURVES = "curves.png"
_SIZE, _DPI = (9.0, 8.0), 120
_COLOURS = ("#1f6fb4", "#d1622b", "#2b8a62", "#8a4fa8", "#b8336a", "#6b6b6b")
"""Told apart by colour-blind people, too, and each is dark enough to be read as text."""
_INK, _GRID = "#333333", "#e3e3e3"
_STYLE = {
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    "axes.edgecolor": "#999999",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
}
_SMOOTHED_FROM = 40
"""Points of a loss from which a smoothed line is drawn over it."""
_HELD_OUT, _LOG_LOSS, _LOSS = "held_out/", "held_out/log_loss", "/loss"
_SPEEDS = ("/learning_rate", "/lr")
_MEASURED, _SPEED = "held-out queries", "learning rate"


def draw_curves(folder: Path, title: str) -> Path | None:
    """From the history in `folder` into its curves.png; None where nothing was learned. The same history and
    title give the same bytes. Raises ConfigError where matplotlib is not installed.
    """
    series = History(folder / HISTORY).series()
    panels = [
        ("loss", _chosen(series, lambda name: name.endswith(_LOSS) or name == _LOG_LOSS)),
        (_MEASURED, _chosen(series, lambda name: name.startswith(_HELD_OUT) and name != _LOG_LOSS)),
        (_SPEED, _chosen(series, lambda name: name.endswith(_SPEEDS))),
    ]
    shown = [(name, lines) for name, lines in panels if lines]
    if not shown:
        return None
    try:
        from matplotlib import style
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(f"Curves need the package matplotlib: {EXTRA}.", package="matplotlib") from None
    with style.context(["default", _STYLE]):  # whatever a user's matplotlibrc says
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold", parse_math=False)
        heights = [1.0 if name == _SPEED else 2.2 for name, _ in shown]
        axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (name, lines) in zip(axes, shown, strict=True):
            _panel(axis, name, lines)
        axes[-1].set_xlabel("step")
        figure.savefig(folder / CURVES, metadata={"Software": None})
    return folder / CURVES


def _chosen(series: Mapping[str, Points], wanted: Callable[[str], bool]) -> list[tuple[str, Points]]:
    """In the order in which they begin, so that the stages of a training have the same colours throughout."""
    lines = [(name, points) for name, points in series.items() if wanted(name)]
    return sorted(lines, key=lambda line: (line[0] == _LOG_LOSS, line[1][0][0], line[0]))


def _panel(axis: Any, title: str, lines: Sequence[tuple[str, Points]]) -> None:
    axis.set_title(title)
    for number, (name, points) in enumerate(lines):
        steps, values = np.array(points).T
        colour = _COLOURS[number % len(_COLOURS)]
        if name.startswith(_HELD_OUT):
            axis.plot(steps, values, color=colour, marker="o", markersize=4, label=_best(name, points))
        elif name.endswith(_LOSS) and len(values) >= _SMOOTHED_FROM:
            axis.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
            axis.plot(steps, _smooth(values), color=colour, linewidth=1.8, label=_stage(name))
        else:
            axis.plot(steps, values, color=colour, linewidth=1.8, label=_stage(name))
    axis.margins(x=0.02)
    if title == _SPEED:
        axis.yaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("e-0", "e-"))
    if len(lines) == 1 and title != _MEASURED:
        return
    axis.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=min(len(lines), 3 if title == _MEASURED else 4),
        frameon=False,
        fontsize=9,
        borderaxespad=0.1,
        handlelength=1.4,
        columnspacing=1.4,
    )


def _stage(name: str) -> str:
    return name.partition("/")[0]


def _best(name: str, points: Points) -> str:
    """The figure, its best value and where that was; of a log loss the least is best."""
    pick = min if name == _LOG_LOSS else max
    step, value = pick(points, key=lambda point: point[1])
    shown = name.removeprefix(_HELD_OUT).replace("_", " ") if name != _LOG_LOSS else "held out"
    return f"{shown}, best {value:.3f} at {step:,}"


def _smooth(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """Exponential moving average over about a twenty-fifth of the points, not drawn towards the first."""
    keep = 1 - 1 / max(2.0, len(values) / 25)
    mean = weight = 0.0
    smoothed = []
    for value in values.tolist():
        mean, weight = keep * mean + (1 - keep) * value, keep * weight + (1 - keep)
        smoothed.append(mean / weight)
    return smoothed
