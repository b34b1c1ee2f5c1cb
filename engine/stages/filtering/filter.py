"""The filter stage: an AIP-160 text becomes one flag for every product, before any source is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from engine.stages.columns import Columns
from engine.stages.filtering.evaluate import check, evaluate
from engine.stages.filtering.grammar import parse
from engine.stages.filtering.nodes import Node
from engine.types import Mask


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that suits the columns it was parsed for."""

    node: Node

    def mask(self, columns: Columns) -> Mask:
        """One flag for every row, (len(columns),): True where the product may be returned. Not to be changed:
        it may be shared with the same filter of other callers. Raises as `parse_filter`.
        """
        check(self.node, columns)
        return columns.mask(self.node, partial(evaluate, self.node))


def parse_filter(text: str, columns: Columns) -> Filter:
    """Reads and checks; a blank text lets everything through.

    The language is that of `engine.stages.filtering.grammar`, its meaning that of `...evaluate`. Fields:

    - id, title, brand, currency, availability (in_stock, out_of_stock, preorder, unknown): text, compared
      without regard to case, width and blanks (`engine.text.normalise`); `:` finds whole words in it, without
      regard to signs between them;
    - category: `category = "Coffee"` holds at any level of the path, `category = "Kitchen > Coffee"` where
      the path has these levels one right below the other;
    - price: a number in major units; date_released: a date, "2024-01-31";
    - attributes.KEY: text, number, boolean or list. A key that is a number on one product and a text on
      another is text throughout.

    FilterSyntaxError, UnknownFieldError or InvalidArgumentError("filter"), each with the position.
    """
    node = parse(text)
    check(node, columns)
    return Filter(node)
