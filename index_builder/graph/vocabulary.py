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
    PRODUCT_GROUP = f"{SCHEMA}ProductGroup"
    QUANTITATIVE_VALUE = f"{SCHEMA}QuantitativeValue"
    AUDIENCE_CLASS = f"{SCHEMA}Audience"
    CONCEPT = f"{SKOS}Concept"

    TYPE = RDF_TYPE
    NAME = f"{SCHEMA}name"
    SKU = f"{SCHEMA}sku"
    BRAND = f"{SCHEMA}brand"
    CATEGORY = f"{SCHEMA}category"
    COLOR = f"{SCHEMA}color"
    MATERIAL = f"{SCHEMA}material"
    ADDITIONAL_PROPERTY = f"{SCHEMA}additionalProperty"
    PROPERTY_ID = f"{SCHEMA}propertyID"
    ACCESSORY_FOR = f"{SCHEMA}isAccessoryOrSparePartFor"
    SERIES = f"{SCHEMA}inSeries"
    MODEL = f"{SCHEMA}model"
    SIZE = f"{SCHEMA}size"
    CAPACITY = f"{SCHEMA}capacity"
    AUDIENCE = f"{SCHEMA}audience"
    OCCASION = f"{SCHEMA}usageInfo"
    VARIANT_OF = f"{SCHEMA}isVariantOf"
    VARIES_BY = f"{SCHEMA}variesBy"
    """The property in which the members of a schema:ProductGroup differ."""
    SIMILAR_TO = f"{SCHEMA}isSimilarTo"
    """A substitute: bought instead."""
    RELATED_TO = f"{SCHEMA}isRelatedTo"
    """A complement: bought with it."""
    PART_OF = f"{SCHEMA}isPartOf"
    HAS_PART = f"{SCHEMA}hasPart"

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
    LABELS = f"{ROOT}graph:labels"
    """Synonyms and translations from the table that ships with the builder."""
    INFERENCE = f"{ROOT}graph:inference"
    """What follows from the form of labels: narrower types, values that mean the same."""
    GAZETTEER = f"{ROOT}graph:gazetteer"
    """Names that the catalogue states somewhere, found in titles and descriptions."""
    QUANTITIES = f"{ROOT}graph:quantities"
    """Numbers with units, read out of titles and descriptions."""
    TAGGER = f"{ROOT}graph:tagger"
    """What the trained tagger reads in titles."""
    TEXT_RELATIONS = f"{ROOT}graph:text-relations"
    """"Compatible with", "part of", ... read in titles and descriptions."""
    RESOLUTION = f"{ROOT}graph:resolution"
    """Names that were found to mean the same entity."""
    ALIGNMENT = f"{ROOT}graph:alignment"
    """Products, attributes and values tied to the concepts of a taxonomy."""
    SIMILARITY = f"{ROOT}graph:similarity"
    """Products that resemble each other in text and attributes."""
    BEHAVIOUR = f"{ROOT}graph:behaviour"
    """What shoppers did: bought together, bought instead."""
    PREDICTION = f"{ROOT}graph:prediction"
    """Statements that graph embeddings hold for likely: low confidence."""
    PROVENANCE = f"{ROOT}graph:provenance"


def ontology_graph(name: str) -> str:
    """The named graph of a loaded taxonomy or ontology."""
    return f"{ROOT}graph:ontology:{slug(name)}"


def slug(text: str) -> str:
    """Percent-encoded (RFC 3986): safe inside any IRI, and no two texts share a slug."""
    return quote(text, safe="")


def node_iri(kind: str, *names: str) -> str:
    """The name of a node: its kind, then what it is called.

    >>> node_iri("value", "finish", "high gloss")
    'urn:cartograph:value:finish:high%20gloss'
    """
    return f"{ROOT}{kind}:{':'.join(slug(name) for name in names)}"
