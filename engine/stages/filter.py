"""The filter stage: an AIP-160 text becomes one flag for every product, before any source is asked."""

from __future__ import annotations

from engine.stages.columns import Columns
from engine.stages.filtering.evaluate import evaluate
from engine.stages.filtering.grammar import parse_filter
from engine.stages.filtering.nodes import EVERYTHING
from engine.types import Mask


def filter_mask(text: str, columns: Columns) -> Mask | None:
    """None for a blank filter, so that sources need not mask at all; else bool (len(columns),).

    The language is that of `engine.stages.filtering.grammar`, its meaning that of `...evaluate`. Fields:

    - id, title, brand, currency, availability (in_stock, out_of_stock, preorder, unknown): text, compared
      without regard to case, width and blanks (`engine.text.normalise`); `:` finds whole words in it;
    - category: `category = "Coffee"` holds at any level of the path, `category = "Kitchen > Coffee"` where
      the path has these levels one below the other;
    - price: a number in major units; date_released: a date, "2024-01-31";
    - attributes.KEY: text, number, boolean or list. A key that is a number on one product and a text on
      another is text throughout.

    FilterSyntaxError, UnknownFieldError or InvalidArgumentError, each with the position.
    """
    parsed = parse_filter(text)
    return None if parsed == EVERYTHING else evaluate(parsed, columns)
