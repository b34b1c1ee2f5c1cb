"""What a build takes in from the shop: the catalogue and the past queries, with what is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.errors import ConfigError, DataError
from engine.generation import DataFolder
from engine.types import PastQuery
from index_builder.config import BuildSettings
from index_builder.graph.compose import ComposedQuery
from index_builder.live_catalogue import TakenIn, folded_into_files, read_live
from index_builder.live_events import LiveEvents
from index_builder.progress import Advance, counted
from index_builder.quality import CleanCatalogue, TooManyBadRowsError, load_catalogue, load_past_queries
from index_builder.report import write_quarantine, write_report
from index_builder.sources import QuarantinedRow


def take_in(settings: BuildSettings, report: Path, advance: Advance) -> TakenIn:
    """Read and clean the catalogue, or take the one that is served, and write the report of it into the
    folder `report`. Raises as `read_live`, `folded_into_files`, and DataError.
    """
    if settings.from_live:
        if settings.catalog or settings.live_until:
            raise ConfigError("--from-live goes neither with --catalog nor with --live-until.")
        taken = read_live(DataFolder(settings.out), advance)
    else:
        folded = folded_into_files(settings.out, settings.live_until)
        taken = TakenIn(_read_files(settings, advance), folded)
    write_report(report, taken.catalogue)
    return taken


def _read_files(settings: BuildSettings, advance: Advance) -> CleanCatalogue:
    """When too many rows are bad, they are all kept in quarantine.jsonl of the data folder."""
    try:
        return load_catalogue(
            settings.catalog,
            mapping=settings.mapping,
            max_bad_share=settings.max_bad_share,
            progress=counted(advance),
        )
    except TooManyBadRowsError as error:
        kept = settings.out / "quarantine.jsonl"
        write_quarantine(kept, error.quarantined)
        raise DataError(kept, f"{error.message} All of them are in this file.") from error


def read_past_queries(
    settings: BuildSettings,
    report: Path,
    catalogue: CleanCatalogue,
    composed: Sequence[ComposedQuery],
    events: LiveEvents | None,
) -> list[PastQuery]:
    """The shop's own or, without a log, what its server recorded and then those composed from the graph.

    A product that is no more is left out of what followed a query; a dropped copy stands for the one kept.
    """
    row_of = {str(product.id): row for row, product in enumerate(catalogue.products)}
    row_of |= {copy: row_of[kept] for copy, kept in catalogue.replaced.items()}
    if settings.queries is None:
        asked = [] if events is None else events.past_queries(row_of)
        return asked + [PastQuery(query.text, query.count, query.rows) for query in composed]
    bad: list[QuarantinedRow] = []
    raw = load_past_queries(settings.queries, max_bad_share=settings.max_bad_share, on_bad_row=bad.append)
    if bad:
        write_quarantine(report / "past_queries_quarantine.jsonl", bad)
    return [
        PastQuery(
            query.text,
            query.count,
            np.array([row_of[one] for one in query.product_ids if one in row_of], np.int64),
        )
        for query in raw
    ]
