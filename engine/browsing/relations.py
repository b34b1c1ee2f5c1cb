"""How statements and products of the graph are named: readable relations, IRIs of products."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from engine.types import EntityKind

PRODUCT_PREFIX = "urn:cartograph:product:"

SCHEMA = "https://schema.org/"
PRODUCT = f"{SCHEMA}Product"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
BROADER = f"{_SKOS}broader"
PREDICATE_OF: Mapping[EntityKind, str] = {
    EntityKind.BRAND: f"{SCHEMA}brand",
    EntityKind.CATEGORY: f"{SCHEMA}category",
    EntityKind.COLOR: f"{SCHEMA}color",
    EntityKind.MATERIAL: f"{SCHEMA}material",
    EntityKind.ATTRIBUTE_VALUE: f"{SCHEMA}additionalProperty",
    EntityKind.COMPATIBLE_TARGET: f"{SCHEMA}isAccessoryOrSparePartFor",
    EntityKind.SERIES: f"{SCHEMA}inSeries",
    EntityKind.MODEL: f"{SCHEMA}model",
    EntityKind.SIZE: f"{SCHEMA}size",
    EntityKind.CAPACITY: f"{SCHEMA}capacity",
    EntityKind.AUDIENCE: f"{SCHEMA}audience",
    EntityKind.OCCASION: f"{SCHEMA}usageInfo",
}
"""By which the builder ties a product to an entity."""
_WORDS = {
    TYPE: ("is a", "is a"),
    BROADER: ("broader", "narrower"),
    f"{_SKOS}exactMatch": ("same as", "same as"),
    f"{_SKOS}prefLabel": ("label", "label"),
    f"{_SKOS}altLabel": ("other name", "other name"),
    f"{SCHEMA}isSimilarTo": ("similar", "similar"),
    f"{SCHEMA}isRelatedTo": ("goes with", "goes with"),
    f"{SCHEMA}isVariantOf": ("variant of", "variant of"),
    f"{SCHEMA}isAccessoryOrSparePartFor": ("fits", "fits"),
    f"{SCHEMA}isPartOf": ("part of", "has part"),
    f"{SCHEMA}hasPart": ("has part", "part of"),
    f"{SCHEMA}inSeries": ("series", "series"),
    f"{SCHEMA}usageInfo": ("occasion", "occasion"),
    f"{SCHEMA}propertyID": ("attribute", "attribute"),
}
"""What a predicate says of its subject, and of its object."""
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def relation_of(predicate: str, *, outgoing: bool = True) -> str:
    """A short readable name, as seen from the subject or, with `outgoing` False, from the object.

    >>> relation_of("http://www.w3.org/2004/02/skos/core#broader", outgoing=False)
    'narrower'
    >>> relation_of("https://schema.org/additionalType")
    'additional type'
    """
    words = _WORDS.get(predicate)
    if words is not None:
        return words[0] if outgoing else words[1]
    local = re.split(r"[#/:]", predicate.rstrip("#/:"))[-1]
    return _CAPITAL.sub(" ", unquote(local)).replace("_", " ").lower() or predicate


def product_iri(product_id: str) -> str:
    """The node of a product, as the builder names it.

    >>> product_iri("P 2")
    'urn:cartograph:product:P%202'
    """
    return f"{PRODUCT_PREFIX}{quote(product_id, safe='')}"


def product_id_of(iri: str) -> str | None:
    """The shop's id; None for an IRI that names no product.

    >>> product_id_of("urn:cartograph:product:P%202")
    'P 2'
    """
    return unquote(iri.removeprefix(PRODUCT_PREFIX)) if iri.startswith(PRODUCT_PREFIX) else None
