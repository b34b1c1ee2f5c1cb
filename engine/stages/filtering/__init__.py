"""Filters: grammar, syntax tree, evaluation over columns."""

from engine.stages.columns import Column, Columns
from engine.stages.filtering.filter import Filter, parse_filter

__all__ = ["Column", "Columns", "Filter", "parse_filter"]
