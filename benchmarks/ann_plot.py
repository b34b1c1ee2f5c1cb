"""Curves of recall against speed as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from benchmarks.ann import Point

_SHOWN_FROM = 0.7


def draw(points: Sequence[Point], file: Path, title: str) -> None:
    """Searches a second, logarithmic, over recall@10 from .7, a line for each family, as PNG.

    Raises ConfigError where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(
            "--plot needs the package matplotlib: pip install 'cartograph-search[train]'.",
            package="matplotlib",
        ) from None
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = FigureCanvasAgg(figure).figure.add_subplot()
    for number, family in enumerate(dict.fromkeys(point.family for point in points)):
        shown = [each for each in points if each.family == family and each.recall_at_10 >= _SHOWN_FROM]
        front = sorted(shown, key=lambda each: (each.recall_at_10, -each.qps))
        if front:
            axes.plot(
                [each.recall_at_10 for each in front],
                [each.qps for each in front],
                "osv^Dx*"[number % 7] + "-",
                color=f"C{number % 10}",
                label=family,
            )
    axes.set(xlabel="recall@10", ylabel="searches a second", yscale="log", title=title)
    axes.grid(which="both", alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(file, dpi=120)
