"""`python -m index_builder evaluate --compare A B`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.errors import ConfigError, NotFoundError
from engine.generation import Generation
from index_builder.commands.evaluate import checked, generation_of, opened_for
from index_builder.commands.output import Output
from index_builder.compare import Comparison, QueryComparison, compare
from index_builder.config import EvaluateSettings
from index_builder.evaluate import Ablation, Evaluation, measure, run_queries, write_trec
from index_builder.judgements import Judgements
from index_builder.unseen import seen_by

ACTIVE = "active"
_SHOWN = ("ndcg@10", "judged_ndcg@10", "recall@100")
"""What is told of single queries on the screen; --json tells all."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two rankings."""

    name: str
    generation: Generation
    stage: Ablation

    @classmethod
    def find(cls, text: str, settings: EvaluateSettings) -> Side:
        """`text` is WHERE@STAGE; one of the two may be missing, and the sign with it. Raises ConfigError for
        what is neither a generation, nor a data folder, nor a stage.
        """
        where, at, stage = text.rpartition("@")
        if not at:
            where, stage = ("", text) if text in set(Ablation) else (text, "")
        if stage and stage not in set(Ablation):
            where, stage = text, ""
        try:
            generation = _generation(where, settings)
        except NotFoundError as error:
            raise ConfigError(
                f"--compare: {text!r} is no generation of {settings.data}, no data folder and no stage "
                f"({', '.join(Ablation)}). `inspect --data {settings.data}` lists the generations.",
                name=text,
            ) from error
        return cls(text, generation, Ablation(stage or Ablation.FULL))


def run(settings: EvaluateSettings, output: Output) -> int:
    if len(settings.compare) != 2:
        raise ConfigError(f"--compare takes two rankings; {len(settings.compare)} were given.")
    judgements = Judgements.read(settings.queries, settings.qrels)
    a, b = (Side.find(text, settings) for text in settings.compare)
    seen = {
        f"{model} of {letter}": count
        for letter, side in (("A", a), ("B", b))
        for model, count in checked(side.generation, judgements, settings).items()
    }
    found = compare(
        _measured(a, judgements, settings, "a"),
        _measured(b, judgements, settings, "b"),
        seed=settings.seed,
        t_test=settings.t_test,
    )
    report = {
        "a": _about(a),
        "b": _about(b),
        "in_sample": bool(seen),
        "seen": seen,
        "seed": settings.seed,
        **found.to_json(),
    }
    output.show(settings.json_output, report, lambda: _show(report, found, judgements, output.console))
    return 0


def _generation(where: str, settings: EvaluateSettings) -> Generation:
    if not where:
        return generation_of(settings.data, settings.generation)
    if where == ACTIVE:
        return generation_of(settings.data, None)
    if "/" in where or Path(where).is_dir():
        return generation_of(Path(where), None)
    return generation_of(settings.data, where)


def _measured(side: Side, judgements: Judgements, settings: EvaluateSettings, letter: str) -> Evaluation:
    with opened_for(side.generation, settings) as opened:
        ranking = run_queries(opened.pipeline.search, judgements, side.stage)
    if settings.runs is not None:
        write_trec(ranking, settings.runs / f"{letter}.trec", f"{side.generation.id}-{side.stage}")
    return measure(ranking, judgements, exponential=settings.gain == "exponential")


def _about(side: Side) -> dict[str, str]:
    return {"name": side.name, "generation": side.generation.id, "stage": str(side.stage)}


def _show(report: Mapping[str, Any], found: Comparison, judgements: Judgements, console: Console) -> None:
    for letter in ("a", "b"):
        about = report[letter]
        console.print(f"{letter.upper()}  {about['generation']}, {about['stage']}", soft_wrap=True)
    console.print()
    console.print(_figures(found, report))
    for title, queries in (("gained", found.gained), ("lost", found.lost)):
        if queries:
            console.print()
            console.print(_changes(f"queries that {title} most, by {found.by}", queries, judgements))


def _figures(found: Comparison, report: Mapping[str, Any]) -> Table:
    shown = _table(
        f"{found.queries} judged queries, B against A (p: paired randomisation test; +/=/-: queries that B "
        f"does better, alike, worse{seen_by(report)})"
    )
    has_t = any(each.t_test is not None for each in found.metrics.values())
    shown.add_column("metric", no_wrap=True)
    for column in ("A", "B", "B - A", "95% interval", "p", *(["p (t)"] if has_t else []), "+/=/-"):
        shown.add_column(column, justify="right", no_wrap=True)
    for name, each in found.metrics.items():
        t_test = [] if each.t_test is None else [_p(each.t_test)]
        shown.add_row(
            name,
            *(f"{each.a:.3f}", f"{each.b:.3f}", f"{each.difference:+.3f}"),
            f"{each.interval[0]:+.3f} to {each.interval[1]:+.3f}",
            _p(each.p),
            *t_test,
            f"{each.wins}/{each.ties}/{each.losses}",
        )
    return shown


def _p(value: float) -> str:
    return "<.0001" if value < 0.0001 else f"{value:.4f}"


def _changes(title: str, queries: Sequence[QueryComparison], judgements: Judgements) -> Table:
    shown = _table(title)
    shown.add_column("query", min_width=20, overflow="fold")
    for metric in _SHOWN:
        shown.add_column(metric, justify="right", no_wrap=True)
    for each in queries:
        cells = [f"{each.a[metric]:.2f} -> {each.b[metric]:.2f}" for metric in _SHOWN]
        shown.add_row(escape(judgements.queries[each.query_id]), *cells)
    return shown


def _table(title: str) -> Table:
    return Table(
        box=None,
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
