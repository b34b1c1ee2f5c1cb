"""Reading what a shop gives: files into raw rows, raw rows into Product's names.

Nothing here judges a row's content; `index_builder.quality` does.
"""

from index_builder.sources.mapping import Mapping, PriceUnit, choose_mapping, load_mapping, shipped_mappings
from index_builder.sources.readers import read_rows
from index_builder.sources.rows import BadRow, Problem, QuarantinedRow, RawRow, excerpt

__all__ = [
    "BadRow",
    "Mapping",
    "PriceUnit",
    "Problem",
    "QuarantinedRow",
    "RawRow",
    "choose_mapping",
    "excerpt",
    "load_mapping",
    "read_rows",
    "shipped_mappings",
]
