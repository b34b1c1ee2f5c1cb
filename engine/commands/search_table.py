"""A search's answer as a person reads it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cartograph.v1 import product_pb2, search_service_pb2
from engine.rpc.convert.products import amount

MILLISECONDS = 1_000_000
"""In nanoseconds."""


def show(response: search_service_pb2.SearchProductsResponse, console: Console, *, explain: bool) -> None:
    """`explain` adds the way to each entity that the query gained."""
    if not response.results:
        console.print("No product was found.")
    else:
        console.print(_table(response))
    for facet in response.facets:
        console.print(_facet_line(facet), markup=False, highlight=False)
    for line in _notes(response, explain=explain):
        console.print(line, markup=False, highlight=False, style="dim")


def _table(response: search_service_pb2.SearchProductsResponse) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("id", no_wrap=True)
    table.add_column("title", overflow="fold")
    table.add_column("brand")
    table.add_column("price", justify="right", no_wrap=True)
    for result in response.results:
        product = result.product
        table.add_row(
            str(result.rank),
            f"{result.score:.4f}",
            escape(product.id),
            escape("\n".join((product.title, *(f"  {line}" for line in _reasons(result))))),
            escape(product.brand),
            _price(product),
        )
    return table


def _reasons(result: search_service_pb2.SearchResult) -> list[str]:
    """The explanation, below the title; nothing when none was asked for."""
    explanation = result.explanation
    parts = " ".join(
        f"{part.name} {part.value:+.4f}" + (f" (#{part.source_rank})" if part.source_rank else "")
        for part in explanation.parts
    )
    lines = [parts] if parts else []
    lines += explanation.graph_paths
    lines += [f'past query "{query}"' for query in explanation.past_queries]
    return lines


def _price(product: product_pb2.Product) -> str:
    if not product.HasField("price"):
        return ""
    return f"{amount(product.price):.2f} {product.price.currency_code}"


def _facet_line(facet: search_service_pb2.Facet) -> str:
    counts = [f"{value.value} {value.count}" for value in facet.values]
    counts += [f"{part.lower:g} to {part.upper:g}: {part.count}" for part in facet.ranges]
    if facet.missing_count:
        counts.append(f"(none) {facet.missing_count}")
    return f"{facet.key}: {', '.join(counts)}"


def _notes(response: search_service_pb2.SearchProductsResponse, *, explain: bool) -> list[str]:
    info = response.expansion_info
    notes = [f'"{fix.written}" was read as "{fix.read_as}"' for fix in info.corrections]
    if explain:
        notes += [f"gained {gained.label}: {gained.path}" for gained in info.expanded_entities]
    elif info.expanded_entities:
        notes.append(f"gained {', '.join(gained.label for gained in info.expanded_entities)}")
    notes += [f"{degraded.stage}: {degraded.detail}" for degraded in response.degraded_stages]
    stages = ", ".join(
        f"{timing.stage} {timing.elapsed_duration.ToNanoseconds() / MILLISECONDS:.1f} ms"
        for timing in response.stage_timings
    )
    least = "" if response.total_size_exact else "at least "
    notes.append(f"{least}{response.total_size} candidates, generation {response.generation_id}")
    if stages:
        notes.append(stages)
    if response.next_page_token:
        notes.append(f"next page: --page-token {response.next_page_token}")
    return notes
