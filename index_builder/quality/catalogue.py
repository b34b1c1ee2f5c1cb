"""A shop's files in, a clean catalogue out, with everything that was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from engine.errors import DataError, InvalidArgumentError
from engine.types import Product, ProductId
from index_builder.quality.attributes import AttributeTypes
from index_builder.quality.drafts import Draft, draft, product
from index_builder.quality.duplicates import SeenProducts
from index_builder.quality.near_duplicates import NearDuplicateGroup, find_near_duplicates
from index_builder.quality.statistics import CatalogueStatistics, measure
from index_builder.quality.verdicts import RejectedRowError, WarningGroup, WarningLog
from index_builder.sources.mapping import AttributeKind, Mapping, choose_mapping, load_mapping
from index_builder.sources.readers import read_rows
from index_builder.sources.renaming import Renaming
from index_builder.sources.rows import HARMLESS, BadRow, Problem, QuarantinedRow, RawRow, excerpt

DEFAULT_MAX_BAD_SHARE = 0.05
_PROGRESS_STEP = 500
_REASONS_SHOWN = 3

Progress = Callable[[int], None]
"""Called now and then with the number of rows read since the last call."""


@dataclass(frozen=True, slots=True)
class CleanCatalogue:
    """Products in the order of the files, ids unique; row i of a generation is `products[i]`.

    `replaced` leads from the id of a dropped copy to the id of the product that says the same. Near
    duplicates are all kept. `attribute_kinds` has one type for every key, over the whole catalogue.
    """

    products: tuple[Product, ...]
    quarantined: tuple[QuarantinedRow, ...]
    warnings: tuple[WarningGroup, ...]
    near_duplicates: tuple[NearDuplicateGroup, ...]
    replaced: Dictionary[ProductId, ProductId]
    attribute_kinds: Dictionary[str, AttributeKind]
    statistics: CatalogueStatistics
    row_count: int
    mapping: str

    @property
    def bad_rows(self) -> tuple[QuarantinedRow, ...]:
        """The quarantined rows that count as bad: copies of a row that was kept do not."""
        return tuple(row for row in self.quarantined if row.code not in HARMLESS)


class TooManyBadRowsError(DataError):
    """More rows are bad than the caller accepts; `quarantined` holds them all, to be written and read."""

    def __init__(self, path: Path, problem: str, quarantined: tuple[QuarantinedRow, ...]) -> None:
        super().__init__(path, problem)
        self.quarantined = quarantined


def load_catalogue(
    paths: Sequence[Path],
    *,
    mapping: str | Path | None = None,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    near_duplicates: bool = True,
    progress: Progress | None = None,
) -> CleanCatalogue:
    """Read, map, clean and check catalogue files.

    `mapping` is a shipped mapping's name, a path, or None: then the shipped one whose `detect` fields the
    first file has, else the default. `max_bad_share` in [0, 1] is the share of bad rows (copies of good rows
    not counted) above which the whole catalogue is refused. Raises DataError for files that cannot be used
    and TooManyBadRowsError, a DataError, for too many bad rows or no product at all.
    """
    if not 0 <= max_bad_share <= 1:
        raise InvalidArgumentError(
            "max_bad_share", f"max_bad_share is {max_bad_share}; it must lie in [0, 1]."
        )
    if not paths:
        raise InvalidArgumentError("catalog", "No catalogue file is given; name at least one.")
    chosen = load_mapping(mapping) if mapping is not None else choose_mapping(paths)
    reading = _Reading(chosen)
    reading.read(paths, progress or _silent)
    products, seen = reading.products()
    quarantined = tuple(sorted(reading.quarantined, key=_place_of(paths)))
    _refuse_too_many(quarantined, reading.row_count, max_bad_share, paths, chosen, len(products))
    settled = reading.types.settle()
    return CleanCatalogue(
        products=products,
        quarantined=quarantined,
        warnings=reading.warnings.groups(),
        near_duplicates=find_near_duplicates(products) if near_duplicates else (),
        replaced=MappingProxyType(seen.replaced),
        attribute_kinds=MappingProxyType({entry.key: entry.kind for entry in settled.values()}),
        statistics=measure(products, settled.values()),
        row_count=reading.row_count,
        mapping=chosen.name,
    )


class _Reading:
    """The two passes: rows into drafts, then, with all types known, drafts into products."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._renaming = Renaming(mapping)
        self._drafts: list[Draft] = []
        self.types = AttributeTypes(mapping.separators.list)
        self.warnings = WarningLog()
        self.quarantined: list[QuarantinedRow] = []
        self.row_count = 0

    def read(self, paths: Sequence[Path], progress: Progress) -> None:
        told = 0
        for row in _all_rows(paths):
            self.row_count += 1
            if isinstance(row, BadRow):
                self.quarantined.append(QuarantinedRow.unread(row))
            else:
                self._draft(row)
            if self.row_count - told >= _PROGRESS_STEP:
                progress(self.row_count - told)
                told = self.row_count
        progress(self.row_count - told)

    def _draft(self, row: RawRow) -> None:
        warn = self.warnings.at(str(row.path), row.line)
        try:
            written = draft(self._renaming.apply(row), self._mapping, warn)
        except RejectedRowError as rejected:
            self.quarantined.append(QuarantinedRow.rejected(row, rejected.code, rejected.reason))
            return
        self._drafts.append(written)
        for name, value in written.attributes:
            self.types.add(name, value)

    def products(self) -> tuple[tuple[Product, ...], SeenProducts]:
        settled = self.types.settle()
        seen = SeenProducts()
        products = []
        for written in self._drafts:
            warn = self.warnings.at(written.file, written.line)
            made = product(written, settled, self._mapping.separators.list, warn)
            try:
                seen.admit(made, f"{written.file}:{written.line}")
            except RejectedRowError as rejected:
                shown = excerpt({"id": made.id, "title": made.title})
                self.quarantined.append(
                    QuarantinedRow(written.file, written.line, rejected.code, rejected.reason, shown)
                )
            else:
                products.append(made)
        self._drafts.clear()
        return tuple(products), seen


def _all_rows(paths: Sequence[Path]) -> Iterator[RawRow | BadRow]:
    for path in paths:
        yield from read_rows(path)


def _silent(_rows: int) -> None:
    return


def _place_of(paths: Sequence[Path]) -> Callable[[QuarantinedRow], tuple[int, int]]:
    order = {str(path): place for place, path in reversed(list(enumerate(paths)))}
    return lambda row: (order[row.file], row.line)


def _refuse_too_many(
    quarantined: tuple[QuarantinedRow, ...],
    row_count: int,
    max_bad_share: float,
    paths: Sequence[Path],
    mapping: Mapping,
    product_count: int,
) -> None:
    bad = [row for row in quarantined if row.code not in HARMLESS]
    if len(bad) <= max_bad_share * row_count and product_count > 0:
        return
    path = Path(bad[0].file) if bad else paths[0]
    problem = (
        f"{len(bad):,} of {row_count:,} rows are bad ({len(bad) / row_count:.1%}; {max_bad_share:.1%} are "
        f"accepted): {most_frequent(bad)}."
    )
    if any(row.code is Problem.MISSING_ID for row in bad):
        names = ", ".join(mapping.fields.id)
        problem += f" The mapping {mapping.name!r} looks for the id under: {names}."
    raise TooManyBadRowsError(path, problem, quarantined)


def most_frequent(bad: Sequence[QuarantinedRow]) -> str:
    """The commonest reasons, each with the first line that shows it."""
    first: dict[Problem, QuarantinedRow] = {}
    for row in bad:
        first.setdefault(row.code, row)
    counts = sorted(Counter(row.code for row in bad).items(), key=lambda item: (-item[1], item[0]))
    shown = [
        f"{count:,} x {code.value} (line {first[code].line}: {first[code].reason})"
        for code, count in counts[:_REASONS_SHOWN]
    ]
    return "; ".join(shown)
