"""What holds of every graph, as SPARQL: a query finds what breaks its rule, a solution for each violation.

They do what SHACL shapes would (counts, classes, disjointness, labels), in the store itself and in seconds; a
Turtle file of shapes and a second RDF library would say no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from index_builder.graph.vocabulary import RDF_TYPE, ROOT, SourceGraph, Term

_LABELLED = (
    Term.BRAND_CLASS,
    Term.CONCEPT,
    Term.PROPERTY_VALUE,
    Term.PRODUCT_MODEL,
    Term.PRODUCT_GROUP,
    Term.QUANTITATIVE_VALUE,
    Term.AUDIENCE_CLASS,
)
_CLASSES = " ".join(f"<{each}>" for each in _LABELLED)


class Severity(StrEnum):
    ERROR = "error"
    """The graph says something false or unusable."""
    WARNING = "warning"
    """Worth a look: the sources may be at odds."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`message` is filled with the query's variables. The query sees all named graphs as one, and each by
    `GRAPH ?graph`.
    """

    id: str
    severity: Severity
    message: str
    query: str


SHAPES = (
    Shape(
        "product-name",
        Severity.ERROR,
        "{product} has no name",
        f"SELECT ?product {{ ?product a <{Term.PRODUCT}>"
        f" FILTER NOT EXISTS {{ ?product <{Term.NAME}> ?name }} }}",
    ),
    Shape(
        "product-id",
        Severity.ERROR,
        "{product} has {count} ids, not one",
        f"SELECT ?product (COUNT(DISTINCT ?id) AS ?count) {{ ?product a <{Term.PRODUCT}>"
        f" OPTIONAL {{ ?product <{Term.SKU}> ?id }} }} GROUP BY ?product HAVING (COUNT(DISTINCT ?id) != 1)",
    ),
    Shape(
        "one-brand",
        Severity.ERROR,
        "{product} has {count} brands",
        f"SELECT ?product (COUNT(DISTINCT ?brand) AS ?count) {{ ?product a <{Term.PRODUCT}> ;"
        f" <{Term.BRAND}> ?brand }} GROUP BY ?product HAVING (COUNT(DISTINCT ?brand) > 1)",
    ),
    Shape(
        "broader-or-equal",
        Severity.ERROR,
        "{narrow} is both narrower than and the same as {wide}",
        f"SELECT DISTINCT ?narrow ?wide {{ ?narrow <{Term.BROADER}> ?wide"
        f" {{ ?narrow <{Term.EXACT_MATCH}> ?wide }} UNION {{ ?wide <{Term.EXACT_MATCH}> ?narrow }} }}",
    ),
    Shape(
        "entity-label",
        Severity.ERROR,
        "{entity} has no label",
        f"SELECT DISTINCT ?entity {{ VALUES ?class {{ {_CLASSES} }} ?entity a ?class"
        f" FILTER NOT EXISTS {{ ?entity <{Term.PREF_LABEL}> ?label }} }}",
    ),
    Shape(
        "one-label",
        Severity.ERROR,
        "{entity} has {count} preferred labels in {graph}",
        f"SELECT ?entity ?graph (COUNT(?label) AS ?count) {{ GRAPH ?graph"
        f" {{ ?entity <{Term.PREF_LABEL}> ?label }} BIND(LANG(?label) AS ?language) }}"
        " GROUP BY ?entity ?graph ?language HAVING (COUNT(?label) > 1)",
    ),
    Shape(
        "similar-or-related",
        Severity.ERROR,
        "{one} is said to replace {two} and to go with it",
        f"SELECT DISTINCT ?one ?two {{ ?one <{Term.SIMILAR_TO}> ?two"
        f" {{ ?one <{Term.RELATED_TO}> ?two }} UNION {{ ?two <{Term.RELATED_TO}> ?one }} }}",
    ),
    Shape(
        "accessory-of-itself",
        Severity.ERROR,
        "{product} is an accessory of itself",
        f"SELECT DISTINCT ?product {{ ?product <{Term.ACCESSORY_FOR}> ?product }}",
    ),
    Shape(
        "fits-itself",
        Severity.WARNING,
        "{product} fits {target}, which is said to be that product",
        f"SELECT DISTINCT ?product ?target {{ ?product <{Term.ACCESSORY_FOR}> ?target ."
        f" ?target <{Term.EXACT_MATCH}> ?product }}",
    ),
    Shape(
        "graph-provenance",
        Severity.ERROR,
        "{graph} holds statements, and nothing says where they come from",
        f"SELECT ?graph {{ GRAPH ?graph {{}} FILTER(?graph != <{SourceGraph.PROVENANCE}>)"
        " FILTER EXISTS { GRAPH ?graph { ?s ?p ?o } }"
        f" FILTER NOT EXISTS {{ ?graph <{Term.WAS_GENERATED_BY}> ?step }}"
        f" FILTER NOT EXISTS {{ GRAPH ?graph {{ ?graph <{RDF_TYPE}> <{Term.ACTIVITY}> }} }} }}",
    ),
)
PRODUCTS = f"SELECT ?product {{ ?product a <{Term.PRODUCT}> }}"
_IS_PRODUCT = f'FILTER(STRSTARTS(STR(?product), "{ROOT}product:"))'
MENTIONED = (
    f"SELECT DISTINCT ?product {{ ?product ?says ?x {_IS_PRODUCT} }}",
    f"SELECT DISTINCT ?product {{ ?x ?says ?product {_IS_PRODUCT} }}",
)
"""Products that anything is said of. Held against `PRODUCTS` outside SPARQL, where NOT EXISTS would be asked
for every statement.
"""
BROADER_PAIRS = f"SELECT DISTINCT ?narrow ?wide {{ ?narrow <{Term.BROADER}> ?wide }}"
"""Cycles are looked for outside SPARQL, too: a property path says that there is one, not which way it is."""
