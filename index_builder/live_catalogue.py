"""Live changes in a build: the catalogue that is served, with all of them, or files that hold some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.backends.catalog import Catalog
from engine.backends.product_fields import ATTRIBUTE_PREFIX, unfit_attributes
from engine.backends.product_log import ProductLog
from engine.errors import ConfigError, DataError, InvalidArgumentError
from engine.generation import LIVE, DataFolder
from engine.types import ColumnKind, FoldedChanges, Product
from index_builder.progress import Advance
from index_builder.quality import CleanCatalogue, find_near_duplicates
from index_builder.quality.attributes import SettledAttribute, join, observed_kind
from index_builder.quality.statistics import measure
from index_builder.quality.verdicts import WarningLog
from index_builder.sources.mapping import AttributeKind
from index_builder.sources.rows import Problem

SOURCES = ("catalog/products.jsonl", "live/changes.sqlite3")
"""What such a catalogue is derived from, in place of files of the shop."""
_MAPPING = "live"
_PROGRESS_STEP = 500


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A catalogue with the live changes that are `folded` into it. Fields that `kinds` names keep their kind
    whatever their values say.
    """

    catalogue: CleanCatalogue
    folded: FoldedChanges = field(default_factory=FoldedChanges)
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)


def read_live(data: DataFolder, advance: Advance) -> TakenIn:
    """The active generation's products in their order, with every change that is in the log when this begins;
    new products come last. No lock is taken: a server goes on writing, and later changes are laid over the
    build.

    These products are served already: none is dropped as a copy of another, nor changed. A value of another
    kind than its field has stays with the product and is told of, as when the change was made.

    Raises ConfigError without an active generation, DataError when no product is left,
    DamagedGenerationError, DamagedChangeLogError.
    """
    base = data.open_active()
    catalog, log = Catalog.open(base.part("catalog")), ProductLog(data.root / LIVE)
    now: dict[str, Product] = {catalog.id_of(row): catalog.product(row) for row in range(len(catalog))}
    sequence = log.start_of(base.manifest.folded)
    for done, change in enumerate(log.latest(sequence), start=1):
        if change.product is None:
            now.pop(change.product_id, None)
        else:
            now[change.product.id] = change.product
        sequence = change.sequence
        if done % _PROGRESS_STEP == 0:
            advance(done, 0)
    if not now:
        raise DataError(data.root / LIVE, "every product is deleted; there is nothing to build from.")
    products = tuple(now.values())
    kinds = settled_kinds(products, catalog.columns.kinds)
    return TakenIn(_catalogue(products, kinds), log.upto(sequence) or base.manifest.folded, kinds)


def folded_into_files(data: Path, until: int) -> FoldedChanges:
    """The live changes that catalogue files hold when they hold those up to `until`; 0 = none.

    Raises ConfigError for a number that the log has not reached, ForgottenChangesError when neither the log
    nor the files hold some: they would be lost.
    """
    log = ProductLog(data / LIVE)
    try:
        folded = log.upto(until) if until else FoldedChanges()
    except InvalidArgumentError as error:
        raise ConfigError(f"--live-until is {until}: {error.message}") from None
    if folded is None:
        raise ConfigError(f"--live-until is {until}, but there are no live changes in {data}.")
    log.start_of(folded)
    return folded


def settled_kinds(products: Sequence[Product], before: Mapping[str, ColumnKind]) -> Mapping[str, ColumnKind]:
    """Those of `before` but for attributes whose values mostly do not fit them: their values decide anew. One
    odd value must not turn the numbers of a whole shop into texts.
    """
    unfit = Counter(key for product in products for key in unfit_attributes(product, before))
    given = Counter(key for product in products for key in product.attributes)
    changed = {ATTRIBUTE_PREFIX + key for key, count in unfit.items() if 2 * count > given[key]}
    return {name: kind for name, kind in before.items() if name not in changed}


def _catalogue(products: tuple[Product, ...], kinds: Mapping[str, ColumnKind]) -> CleanCatalogue:
    settled = _attributes(products, kinds)
    return CleanCatalogue(
        products=products,
        quarantined=(),
        warnings=_warnings(products, kinds).groups(),
        near_duplicates=find_near_duplicates(products),
        replaced={},
        attribute_kinds={key: attribute.kind for key, attribute in settled.items()},
        statistics=measure(products, settled.values()),
        row_count=len(products),
        mapping=_MAPPING,
    )


def _warnings(products: Sequence[Product], kinds: Mapping[str, ColumnKind]) -> WarningLog:
    """The place of each is its line in the records of the generation."""
    log = WarningLog()
    for line, product in enumerate(products, start=1):
        for key in unfit_attributes(product, kinds):
            message = f"{key} of {product.id} is of another type than in other products; no filter sees it"
            log.add(SOURCES[0], line, Problem.BAD_ATTRIBUTE, message)
    return log


def _attributes(products: Sequence[Product], kinds: Mapping[str, ColumnKind]) -> dict[str, SettledAttribute]:
    seen: dict[str, Counter[AttributeKind]] = {}
    for product in products:
        for key, value in product.attributes.items():
            seen.setdefault(key, Counter())[observed_kind(value, "")] += 1
    return {
        key: SettledAttribute(key, _kind(counts, kinds.get(ATTRIBUTE_PREFIX + key)), counts)
        for key, counts in seen.items()
    }


def _kind(seen: Counter[AttributeKind], given: ColumnKind | None) -> AttributeKind:
    """For the report, which tells one text from several."""
    if given in (ColumnKind.NUMBER, ColumnKind.BOOLEAN):
        return AttributeKind(given.value)
    first, *others = seen
    for other in others:
        first = join(first, other)
    return first
