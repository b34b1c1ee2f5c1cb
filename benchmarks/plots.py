"""Pictures of results, as SVG that stands in a page or a README."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Result = Mapping[str, Any]
_SIZE = (6.4, 3.4)
_BLUE, _ORANGE, _GREY = "#2458a8", "#d06a1b", "#8a8a8a"


def latency(result: Result) -> str:
    """Where the time of a search goes: the stages of the median search, and the rest up to gRPC's."""
    figure, axes = _axes("milliseconds, p50", "")
    modes = {"without_rerank": "no reranking", "rerank_20": "20 reranked"}
    names = [name for name in ("bare", "in_process", "grpc") if name in result["milliseconds"]["rerank_20"]]
    for place, mode in enumerate(modes):
        values = [result["milliseconds"][mode][name]["p50"] for name in names]
        places = [number + 0.38 * (place - 0.5) for number in range(len(names))]
        bars = axes.barh(places, values, height=0.36, color=(_BLUE, _ORANGE)[place], label=modes[mode])
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.invert_yaxis()
    axes.legend(frameon=False)
    return _svg(figure)


def load(result: Result) -> str:
    """Latency of accepted searches against the load that was offered, and how much was answered."""
    figure, axes = _axes("searches offered a second", "milliseconds")
    points = list(result["open_loop"].values())
    offered = [point["offered"] for point in points]
    axes.plot(offered, [point["p50_ms"] for point in points], "o-", color=_BLUE, label="p50")
    axes.plot(offered, [point["p99_ms"] for point in points], "o-", color=_ORANGE, label="p99")
    axes.set_yscale("log")
    beside = axes.twinx()
    answered = [point["answered"] for point in points]
    beside.plot(offered, answered, "s--", color=_GREY, label="answered a second")
    beside.set_ylabel("answered a second")
    beside.set_ylim(0)
    lines = [*axes.get_lines(), *beside.get_lines()]
    axes.legend(lines, [str(line.get_label()) for line in lines], frameon=False, loc="center left")
    return _svg(figure)


def filters(result: Result) -> str:
    """Recall by what the filter lets through, for each kind of filter."""
    figure, axes = _axes("share of the products that passes", "recall@10")
    buckets = result["buckets"]
    for kind, color in (("random", _BLUE), ("near", _GREY), ("far", _ORANGE)):
        points = [(each["share"], each["recall"]) for each in buckets if each["mask"] == kind]
        axes.plot(*zip(*points, strict=True), "o-", color=color, label=f"{kind} products pass")
    axes.axhline(0.95, color="black", linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    axes.set_ylim(0.9, 1.005)
    axes.legend(frameon=False)
    return _svg(figure)


def growth(result: Result) -> str:
    """p50 against the number of products."""
    figure, axes = _axes("products", "milliseconds, p50")
    sizes = result["sizes"]
    counts = [each["products"] for each in sizes]
    for name, label, color in (
        ("vector_search", "search by vector", _BLUE),
        ("search", "search, no reranking", _ORANGE),
    ):
        axes.plot(counts, [each[name]["p50_ms"] for each in sizes], "o-", color=color, label=label)
    axes.set_xscale("log")
    axes.set_ylim(0)
    axes.legend(frameon=False)
    return _svg(figure)


def deadlines(result: Result) -> str:
    """How many are answered in time, by deadline."""
    figure, axes = _axes("deadline, milliseconds", "answered in time")
    for callers, color in ((1, _BLUE), (16, _ORANGE)):
        rows: Sequence[Result] = [row for row in result["rows"] if row["callers"] == callers]
        shares = [row["answered"] for row in rows]
        axes.plot([row["deadline_ms"] for row in rows], shares, "o-", color=color, label=f"{callers} callers")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.03)
    axes.legend(frameon=False)
    return _svg(figure)


def peers(result: Result) -> str:
    """Searches a second of 16 callers, at the recall that each has."""
    figure, axes = _axes("searches a second, 16 callers", "")
    told = {name: each for name, each in result["peers"].items() if each["figures"]}
    rates = [each["figures"]["loads"][-1]["per_second"] for each in told.values()]
    recalls = [each["figures"]["loads"][-1]["recall"] for each in told.values()]
    colors = [_ORANGE if name == "cartograph" else _BLUE for name in told]
    bars = axes.barh(range(len(told)), rates, color=colors)
    labels = [f"{rate:,.0f} (recall {recall:.2f})" for rate, recall in zip(rates, recalls, strict=True)]
    axes.bar_label(bars, labels, padding=3, fontsize=8)
    axes.set_yticks(range(len(told)), [f"{name} ({each['kind']})" for name, each in told.items()])
    axes.set_xscale("log")
    axes.set_xlim(right=8 * max(rates))
    axes.invert_yaxis()
    return _svg(figure)


def parts(result: Result) -> str:
    """How many times as fast as what one would take instead."""
    figure, axes = _axes("times as fast", "")
    embedding, words = result["embedding"], result["words"]["searches_per_second"]
    pairs = {
        "texts embedded": tuple(embedding["texts_per_second"].values()),
        "a lone query embedded": tuple(reversed(embedding["query_ms"].values())),
        f"{result['reranking']['pairs']} pairs reranked": tuple(reversed(result["reranking"]["ms"].values())),
        "searches for words": tuple(words.values()),
    }
    told = {name: values[0] / values[1] for name, values in pairs.items() if len(values) > 1}
    bars = axes.barh(range(len(told)), list(told.values()), color=_BLUE)
    axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.set_yticks(range(len(told)), list(told))
    axes.invert_yaxis()
    return _svg(figure)


PLOTS = {
    "latency": latency,
    "load": load,
    "filters": filters,
    "growth": growth,
    "deadlines": deadlines,
    "peers": peers,
    "parts": parts,
}
"""By kind of benchmark."""


def _axes(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.3)
    return figure, axes


def _svg(figure: Figure) -> str:
    """The same figures give the same bytes."""
    content = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "cartograph", "svg.fonttype": "none"}):
        figure.savefig(content, format="svg", metadata={"Date": None})
    text = content.getvalue()
    return text[text.index("<svg") :]
