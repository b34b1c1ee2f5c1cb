"""Cleaning and checking a shop's catalogue; `load_catalogue` is the way in."""

from index_builder.quality.catalogue import (
    DEFAULT_MAX_BAD_SHARE,
    CleanCatalogue,
    Progress,
    TooManyBadRowsError,
    load_catalogue,
)
from index_builder.quality.near_duplicates import NearDuplicateGroup, find_near_duplicates
from index_builder.quality.past_queries import RawPastQuery, load_past_queries
from index_builder.quality.statistics import CatalogueStatistics
from index_builder.quality.text import clean
from index_builder.quality.verdicts import WarningExample, WarningGroup

__all__ = [
    "DEFAULT_MAX_BAD_SHARE",
    "CatalogueStatistics",
    "CleanCatalogue",
    "NearDuplicateGroup",
    "Progress",
    "RawPastQuery",
    "TooManyBadRowsError",
    "WarningExample",
    "WarningGroup",
    "clean",
    "find_near_duplicates",
    "load_catalogue",
    "load_past_queries",
]
