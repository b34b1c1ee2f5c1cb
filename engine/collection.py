"""Names of the catalogues that one server keeps apart."""

from __future__ import annotations

import re

ONLY = ""
"""The catalogue of a server that has no other, and so no name for it."""
_NAME = r"[a-z][a-z0-9-]{0,62}"
COLLECTION_PATTERN = f"^{_NAME}$"


def is_collection_name(text: str) -> bool:
    """Lower-case letters, digits and hyphens, 1 to 63, the first a letter: as a DNS label, for whoever wants
    to route by host name.

    >>> is_collection_name("garden-2"), is_collection_name("2garden"), is_collection_name("")
    (True, False, False)
    """
    return re.fullmatch(_NAME, text) is not None
