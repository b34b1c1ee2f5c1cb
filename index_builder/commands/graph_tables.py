"""What `graph` found, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.browsing.relations import TYPE, relation_of
from engine.graph_values import (
    DescribedStatement,
    GraphAnswer,
    GraphNode,
    Solutions,
    TermKind,
    TextEvidence,
)
from engine.graph_values import (
    Term as RdfTerm,
)
from index_builder.graph.upkeep.constraints import ConstraintReport
from index_builder.graph.view.describe import Shown
from index_builder.graph.view.opened import Link
from index_builder.graph.view.paths import Paths
from index_builder.graph.view.stats import GraphStats
from index_builder.graph.view.terms import short, source_of
from index_builder.graph.vocabulary import Term
from index_builder.graph_config import GraphPathSettings

_SHOWN_ELSEWHERE = {TYPE, str(Term.PREF_LABEL), str(Term.ALT_LABEL)}
"""The kind and the names, which stand at the head."""


def show_stats(stats: GraphStats, console: Console) -> None:
    console.print(
        f"generation {stats.generation_id}: {stats.products:,} products, {stats.statement_total:,} "
        f"statements, {stats.names:,} names"
    )
    entities = _table("entities", ("kind", "count"), right=(1,))
    for kind, count in stats.entities.items():
        entities.add_row(kind, f"{count:,}")
    said = _table("statements", ("source", "relation", "count"), right=(2,))
    for each in stats.statements:
        said.add_row(escape(source_of(each.source)), escape(relation_of(each.predicate)), f"{each.count:,}")
    read = _table("read in texts", ("by", "places"), right=(1,))
    for extractor, count in stats.evidence.items():
        read.add_row(extractor, f"{count:,}")
    busy = _table("most connected", ("entity", "kind", "products"), right=(2,))
    for node in stats.connected:
        busy.add_row(escape(node.label), node.kind, f"{node.product_count:,}")
    thin = _table("products without", ("what", "count"), right=(1,))
    thin.add_row("type or category", f"{stats.without.type:,}")
    thin.add_row("brand", f"{stats.without.brand:,}")
    thin.add_row("a related product", f"{stats.without.neighbour:,}")
    _print_all(console, (entities, said, read, busy, thin))


def show_entity(shown: Shown, console: Console) -> None:
    about, node = shown.description, shown.description.node
    console.print(f"[bold]{escape(node.label)}[/]  {node.kind}", soft_wrap=True)
    console.print(node.iri, markup=False, soft_wrap=True)
    if about.relation:
        tied = f'{node.product_count:,} products, tied by "{about.relation}"'
        attribute = f", attribute {node.attribute}" if node.attribute else ""
        console.print(tied + attribute, markup=False, soft_wrap=True)
    if about.names:
        names = ", ".join(f"{name.text} ({name.confidence:.2f})" for name in about.names)
        console.print(f"answers to {names}", markup=False)
    says = _table("says", ("relation", "what", "source", "sure", "read in"), right=(3,))
    for each in about.statements:
        if each.predicate not in _SHOWN_ELSEWHERE:
            says.add_row(*_cells(each))
    ends = _table("said of it", ("relation", "by", "source", "sure"), right=(3,))
    for other in shown.incoming:
        ends.add_row(
            escape(other.relation),
            _node(other.node),
            escape(source_of(other.source)),
            f"{other.confidence:.2f}",
        )
    products = _table(
        "products, the surest", ("relation", "product", "source", "sure", "read in"), right=(3,)
    )
    for each in about.products:
        products.add_row(*_cells(each))
    _print_all(console, (says, ends, products))
    if shown.similar:
        near = ", ".join(f"{each.node.label} ({each.cosine:.2f})" for each in shown.similar)
        console.print(f"its products resemble those of {near}", markup=False)


def show_paths(
    start: GraphNode, end: GraphNode, found: Paths, settings: GraphPathSettings, console: Console
) -> None:
    if not found.paths:
        why = "the search grew too large" if found.gave_up else f"within {settings.depth} statements"
        passed = f", passing through none of {found.hubs} hubs (--hub {settings.hub})" if found.hubs else ""
        console.print(
            f"No way leads from {start.label} to {end.label}: {why}{passed}.", markup=False, soft_wrap=True
        )
        return
    for number, links in enumerate(found.paths, start=1):
        console.print(f"[bold]{number}[/]  {len(links)} statements")
        here = start.iri
        console.print(f"   {_node(start)}", soft_wrap=True)
        for link in links:
            here = _step(link, here, console)


def _step(link: Link, here: str, console: Console) -> str:
    forward = link.subject.iri == here
    other = link.object if forward else link.subject
    arrow = f"── {link.relation} ──>" if forward else f"<── {link.relation} ──"
    told = f"{source_of(link.source)}, {link.confidence:.2f}"
    console.print(f"     {escape(arrow)}  [dim]{escape(told)}[/]", soft_wrap=True)
    for each in link.evidence[:1]:
        console.print(f"        [dim]{escape(_quote(each))}[/]", soft_wrap=True)
    console.print(f"   {_node(other)}", soft_wrap=True)
    return other.iri


def show_senses(senses: Sequence[GraphNode], console: Console) -> None:
    table = _table("", ("short name", "label", "kind", "attribute", "products"), right=(4,))
    table.columns[0].no_wrap = True  # to be copied into the next command
    for node in senses:
        table.add_row(
            escape(short(node.iri)),
            escape(node.label),
            node.kind,
            escape(node.attribute),
            f"{node.product_count:,}",
        )
    console.print(table)


def show_answer(answer: GraphAnswer, console: Console) -> None:
    found = answer.answer
    if isinstance(found, bool):
        console.print("yes" if found else "no")
        return
    columns = found.variables if isinstance(found, Solutions) else ("subject", "predicate", "object")
    table = _table("", columns)
    for row in found.rows:
        table.add_row(*(escape(_term(term)) for term in row))
    console.print(table)
    console.print(f"{len(found.rows):,} rows in {answer.seconds:.2f} s", style="dim")


def show_checks(report: ConstraintReport, console: Console) -> None:
    table = _table("", ("rule", "severity", "broken"), right=(2,))
    for each in report.checks:
        table.add_row(escape(each.id), str(each.severity), f"{each.count:,}")
    console.print(table)
    for each in report.checks:
        for violation in each.violations:
            console.print(f"{each.id}: {violation}", markup=False, soft_wrap=True)
    console.print(f"{report.statements:,} statements: {report.errors:,} errors, {report.warnings:,} warnings")


def _cells(statement: DescribedStatement) -> tuple[str, ...]:
    target = statement.target
    what = _node(target) if isinstance(target, GraphNode) else escape(target.value)
    quotes = "\n".join(_quote(each) for each in statement.evidence)
    source = source_of(statement.source) if statement.source else "by a narrower one"
    return escape(statement.relation), what, escape(source), f"{statement.confidence:.2f}", escape(quotes)


def _quote(evidence: TextEvidence) -> str:
    return f'"{evidence.text}" in the {evidence.field}, {evidence.extractor} {evidence.confidence:.2f}'


def _node(node: GraphNode) -> str:
    return f"{escape(node.label)}  [dim]{escape(short(node.iri))}[/]"


def _term(term: RdfTerm | None) -> str:
    if term is None:
        return ""
    if term.kind is TermKind.IRI:
        return short(term.value)
    return f"{term.value}@{term.language}" if term.language else term.value


def _table(title: str, columns: Iterable[str], right: Sequence[int] = ()) -> Table:
    table = Table(
        box=None,
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for place, column in enumerate(columns):
        table.add_column(escape(column), justify="right" if place in right else "left", overflow="fold")
    return table


def _print_all(console: Console, tables: Iterable[Table]) -> None:
    """Those that have rows, each after a blank line."""
    for table in tables:
        if table.row_count:
            console.print()
            console.print(table)
