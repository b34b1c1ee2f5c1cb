"""Aligns a catalogue with all taxonomies and ontologies that a build was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.types import FloatArray, Product
from index_builder.graph.alignment.apply import CategoryReport, apply_alignment
from index_builder.graph.alignment.apply_attributes import apply_attributes
from index_builder.graph.alignment.attributes import align_attributes
from index_builder.graph.alignment.categories import names_types, only_categories
from index_builder.graph.alignment.category_table import CategoryTable, table_of
from index_builder.graph.alignment.meanings import Embed, Meanings
from index_builder.graph.alignment.named import align_by_name
from index_builder.graph.alignment.products import align_products
from index_builder.graph.draft import Draft
from index_builder.graph.ontologies.apply import ALL_KINDS, VALUE_KINDS, MergeReport, apply_ontology
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.ontologies.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class OntologySummary:
    """What one ontology brought. `categories` is None where it only lent names, `merged` is None for a
    taxonomy folder; `keys` and `values` count attributes of the catalogue that are tied to the taxonomy's.
    """

    name: str
    concepts: int
    categories: CategoryReport | None = None
    merged: MergeReport | None = None
    keys: int = 0
    values: int = 0


@dataclass(frozen=True, slots=True)
class AlignmentSummary:
    """`ontologies` as they were given; `tables` of those that products were aligned to."""

    ontologies: tuple[OntologySummary, ...]
    tables: tuple[CategoryTable, ...]


def align(
    draft: Draft,
    products: Sequence[Product],
    ontologies: Sequence[Ontology],
    *,
    vectors: FloatArray | None = None,
    embed: Embed | None = None,
) -> AlignmentSummary:
    """Adds to the draft what the ontologies say of it. `vectors` float32 (n, dimension) are unit rows of the
    products' texts, from the encoder behind `embed`; without the two only words are compared.

    Products are tied to the categories of a taxonomy folder by all that is known of them, and by name to
    those of any ontology that names enough of the catalogue's product types; the concepts of others lend
    names and broader concepts to nodes of their name.
    """
    meanings = None if embed is None else Meanings(embed)
    summaries = []
    tables = []
    for ontology in ontologies:
        if isinstance(ontology, Taxonomy):
            summary, table = _by_evidence(draft, products, ontology, vectors, meanings)
        elif names_types(draft, ontology):
            summary, table = _by_name(draft, products, ontology)
        else:
            merged = apply_ontology(draft, ontology, ALL_KINDS)
            summaries.append(OntologySummary(ontology.name, len(ontology.concepts), merged=merged))
            continue
        summaries.append(summary)
        tables.append(table)
    return AlignmentSummary(tuple(summaries), tuple(tables))


def _by_evidence(
    draft: Draft,
    products: Sequence[Product],
    taxonomy: Taxonomy,
    vectors: FloatArray | None,
    meanings: Meanings | None,
) -> tuple[OntologySummary, CategoryTable]:
    attributes = align_attributes(draft, taxonomy, meanings)
    alignment = align_products(
        products, draft, taxonomy, attributes=attributes, vectors=vectors, meanings=meanings
    )
    report = apply_alignment(draft, taxonomy, alignment)
    apply_attributes(draft, taxonomy, attributes)
    summary = OntologySummary(
        taxonomy.name,
        len(taxonomy.concepts),
        report,
        keys=len(attributes.keys),
        values=len(attributes.values),
    )
    return summary, table_of(taxonomy, alignment)


def _by_name(
    draft: Draft, products: Sequence[Product], ontology: Ontology
) -> tuple[OntologySummary, CategoryTable]:
    categories = only_categories(draft, ontology)
    alignment = align_by_name(products, draft, categories)
    report = apply_alignment(draft, categories, alignment)
    merged = apply_ontology(draft, ontology, VALUE_KINDS)
    summary = OntologySummary(ontology.name, len(ontology.concepts), report, merged)
    return summary, table_of(categories, alignment)
