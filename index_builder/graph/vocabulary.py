"""The words of the knowledge graph: schema.org for products, SKOS for labels and taxonomies, PROV for origin.

Nodes are named by what they are, not by where they stand in a build, so that two builds of the same
catalogue speak of the same things: `urn:cartograph:product:<id>`, `urn:cartograph:brand:<name>`, ...
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

SCHEMA = "https://schema.org/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
PROV = "http://www.w3.org/ns/prov#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ROOT = "urn:cartograph:"


class Term(StrEnum):
    """Classes and properties that the graph uses."""

    PRODUCT = f"{SCHEMA}Product"
    BRAND_CLASS = f"{SCHEMA}Brand"
    PROPERTY_VALUE = f"{SCHEMA}PropertyValue"
    PRODUCT_MODEL = f"{SCHEMA}ProductModel"
    CONCEPT = f"{SKOS}Concept"

    NAME = f"{SCHEMA}name"
    SKU = f"{SCHEMA}sku"
    BRAND = f"{SCHEMA}brand"
    CATEGORY = f"{SCHEMA}category"
    COLOR = f"{SCHEMA}color"
    MATERIAL = f"{SCHEMA}material"
    ADDITIONAL_PROPERTY = f"{SCHEMA}additionalProperty"
    PROPERTY_ID = f"{SCHEMA}propertyID"
    ACCESSORY_FOR = f"{SCHEMA}isAccessoryOrSparePartFor"

    PREF_LABEL = f"{SKOS}prefLabel"
    ALT_LABEL = f"{SKOS}altLabel"
    BROADER = f"{SKOS}broader"
    EXACT_MATCH = f"{SKOS}exactMatch"

    ENTITY = f"{PROV}Entity"
    ACTIVITY = f"{PROV}Activity"
    WAS_GENERATED_BY = f"{PROV}wasGeneratedBy"
    WAS_DERIVED_FROM = f"{PROV}wasDerivedFrom"


class SourceGraph(StrEnum):
    """Named graphs: one for each way a statement came to be, and one that says so (PROV)."""

    CATALOGUE = f"{ROOT}graph:catalogue"
    """What the shop's catalogue states in its own fields."""
    TITLES = f"{ROOT}graph:titles"
    """Product types read out of titles by statistics: likely, not stated."""
    LABELS = f"{ROOT}graph:labels"
    """Synonyms and translations from the table that ships with the builder."""
    INFERENCE = f"{ROOT}graph:inference"
    """What follows from the form of labels: narrower types, values that mean the same."""
    PROVENANCE = f"{ROOT}graph:provenance"


def slug(text: str) -> str:
    """Percent-encoded (RFC 3986): safe inside any IRI, and no two texts share a slug."""
    return quote(text, safe="")


def node_iri(kind: str, *names: str) -> str:
    """The name of a node: its kind, then what it is called.

    >>> node_iri("value", "finish", "high gloss")
    'urn:cartograph:value:finish:high%20gloss'
    """
    return f"{ROOT}{kind}:{':'.join(slug(name) for name in names)}"
