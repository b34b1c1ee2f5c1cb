"""All that is learned from a catalogue before its texts are read: names, types, series, model numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.text import has_cjk
from engine.types import Product
from index_builder.graph.draft import Draft
from index_builder.graph.evidence import Label
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.text.gazetteer import Entry, Gazetteer
from index_builder.graph.text.gazetteer_names import (
    TYPE_IRI,
    draft_entries,
    lexicon_entries,
    ontology_entries,
    target_entries,
)
from index_builder.graph.text.models import ModelNumbers, learn_models
from index_builder.graph.text.series import learn_series
from index_builder.graph.text.titles import Title, prepare
from index_builder.graph.text.type_grammar import TypeGrammar
from index_builder.graph.text.type_learning import learn_types
from index_builder.graph.vocabulary import SourceGraph

_MIN_LIKELY = 5
"""Products that share a type read from titles before its last word counts as a head."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`titles[row]` is the prepared title of product `row`."""

    titles: Sequence[Title]
    names: Gazetteer
    series: Gazetteer
    targets: Gazetteer
    types: TypeGrammar
    models: ModelNumbers


def learn(products: Sequence[Product], draft: Draft, ontologies: Sequence[Ontology] = ()) -> Knowledge:
    """Reads every title once. English types are found by their grammar, Chinese ones by name."""
    outside = [*lexicon_entries(), *ontology_entries(ontologies)]
    known = [entry.name for entry in outside if entry.label is Label.TYPE and not has_cjk(entry.name)]
    entries = [*draft_entries(draft, products), *outside]
    brands = {entry.name for entry in entries if entry.label is Label.BRAND}
    names = Gazetteer(entry for entry in entries if _is_looked_up(entry))
    titles = [prepare(product, names) for product in products]
    likely = [
        name
        for node in draft.nodes.values()
        if node.iri.startswith(TYPE_IRI)
        for name in sorted(node.names)
        if not has_cjk(name) and (node.source == SourceGraph.CATALOGUE or len(node.rows) >= _MIN_LIKELY)
    ]
    grammar = learn_types(titles, known, likely)
    series = learn_series(titles, grammar.heads.keys() | grammar.modifiers | brands)
    series += tuple(entry for entry in entries if entry.label is Label.SERIES and entry.name not in brands)
    return Knowledge(
        titles, names, Gazetteer(series), Gazetteer(target_entries(draft)), grammar, learn_models(titles)
    )


def _is_looked_up(entry: Entry) -> bool:
    if entry.label is Label.TYPE:
        return has_cjk(entry.name)
    return entry.label is not Label.SERIES
