"""Quantities in a name, told in one unit, so that 15.6" and 39.6 cm read alike."""

from __future__ import annotations

import re

from index_builder.graph.text.folded import fold
from index_builder.graph.text.quantities import quantities

_LIKELY = re.compile(r"\d\s?-?(?:[^\W\d_]{1,12}\b|[\"'″′”])")

_PART_OF_STANDARD = re.compile(r"\d\.\d.* U$")
"""No rack has units with decimals: it is the u of "IEEE 802.3u"."""


def with_one_unit(name: str) -> str | None:
    """The name with every quantity as `quantities` names it; None for a name without any.

    >>> with_one_unit('15.6" screen'), with_one_unit("0.5 TB disk"), with_one_unit("matt")
    ('39.6 cm screen', '500 GB disk', None)
    """
    if _LIKELY.search(name) is None:
        return None
    folded = fold(name)
    found = [each for each in quantities(folded) if not _PART_OF_STANDARD.search(each.name)]
    if not found:
        return None
    parts, place = [], 0
    for quantity in found:
        parts += [folded.text[place : quantity.start], quantity.name]
        place = quantity.end
    return "".join([*parts, folded.text[place:]])
