"""From settings to what a model learns from: files read first, and found wrong before anything long runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.commands.flags import flag_name
from engine.errors import ConfigError
from engine.types import Product
from index_builder.judgements import Judgements, read_queries
from index_builder.progress import Progress, counted
from index_builder.quality import load_catalogue
from index_builder.train.queries.composed import ComposedSource
from index_builder.train.queries.events import event_source
from index_builder.train.queries.judged import judged_source
from index_builder.train.queries.pairs import TrainingSet, collect
from index_builder.train.queries.shop_words import ShopWords
from index_builder.train.queries.source import Source
from index_builder.train.settings import CatalogueSettings, TrainSettings
from index_builder.train.shop import TrainingShop, open_shop

WORK = "work"
"""Folder in that of the model for what a run that goes on needs; removed when the model is written."""


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """What the shop's people and shoppers said, as read. `forbidden` are texts that no training may see."""

    judgements: Judgements | None
    forbidden: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lessons:
    shop: TrainingShop
    training: TrainingSet


def read_given(settings: TrainSettings) -> GivenFiles:
    """Raises DataError with file and line, ConfigError when one of two files that go together is missing."""
    if (settings.queries is None) != (settings.qrels is None):
        both = " and ".join(flag_name(name, TrainSettings) for name in ("queries", "qrels"))
        raise ConfigError(f"{both} go together: give both or neither.")
    judgements = None
    if settings.queries is not None and settings.qrels is not None:
        judgements = Judgements.read(settings.queries, settings.qrels)
    forbidden: Sequence[str] = ()
    if settings.evaluation_queries is not None:
        forbidden = list(read_queries(settings.evaluation_queries).values())
    return GivenFiles(judgements, forbidden)


def gather_lessons(settings: CatalogueSettings, draws: int, progress: Progress) -> Lessons:
    """Catalogue, graph, and one set of training queries from all sources. `draws` are those composed.

    Raises DataError and ConfigError for whatever cannot be used.
    """
    given = read_given(settings)
    products = _products(settings, progress)
    work = settings.out / WORK
    shop = open_shop(products, work, progress, data=settings.graph, seed=settings.seed)
    with progress.step("training queries") as advance:
        sources = people_said(settings, given, shop.row_of)
        composed = ComposedSource(products, shop.composed, shop.tables, forbidden=given.forbidden)
        sources.append(composed.draw(draws, seed=settings.seed))
        training = collect(
            sources,
            forbidden=given.forbidden,
            held_out_share=settings.held_out_share,
            seed=settings.seed,
            words=ShopWords.of(products, shop.tables),
        )
        advance(len(training.train), len(training.train))
    return Lessons(shop, training)


def people_said(settings: TrainSettings, given: GivenFiles, row_of: dict[str, int]) -> list[Source]:
    """Judgements and events, where they were given."""
    sources = []
    if given.judgements is not None:
        sources.append(judged_source(given.judgements, row_of))
    if settings.events:
        sources.append(event_source(settings.events, row_of)[0])
    return sources


def _products(settings: CatalogueSettings, progress: Progress) -> Sequence[Product]:
    with progress.step("read and clean") as advance:
        return load_catalogue(
            settings.catalog,
            mapping=settings.mapping,
            max_bad_share=settings.max_bad_share,
            progress=counted(advance),
        ).products
