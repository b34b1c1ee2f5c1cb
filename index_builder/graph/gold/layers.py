"""What each layer of reading finds by itself in labelled titles, as if there were no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from engine.types import Product
from index_builder.graph.evidence import Extractor, Mention
from index_builder.graph.facts import extract
from index_builder.graph.infer import drop_identifiers
from index_builder.graph.ontologies.ontology import Ontology
from index_builder.graph.text.knowledge import learn
from index_builder.graph.text.read import read_texts
from index_builder.graph.text.tagger import Tagger

_ALONE = (Extractor.GAZETTEER, Extractor.QUANTITY, Extractor.TAGGER)


def read_alone(
    products: Sequence[Product],
    rows: Iterable[int],
    *,
    tagger: Tagger | None = None,
    ontologies: Sequence[Ontology] = (),
) -> Mapping[Extractor, Sequence[Mention]]:
    """Mentions in the titles of some `rows`, by layer; the tagger only where one is given. What the layers
    know is learned from all `products` again, as a build does: some ten seconds for 20,000. Relations are no
    layer of their own: they are read with what the others have found.
    """
    draft = extract(products)
    drop_identifiers(draft)
    knowledge = learn(products, draft, ontologies)
    places = sorted(set(rows))
    labelled = replace(knowledge, titles=[knowledge.titles[row] for row in places])
    found: dict[Extractor, Sequence[Mention]] = {}
    for layer in _ALONE:
        if layer is Extractor.TAGGER and tagger is None:
            continue
        read = read_texts(
            [products[row] for row in places],
            draft,
            tagger=tagger,
            layers={layer},
            descriptions=False,
            knowledge=labelled,
        )
        found[layer] = [replace(mention, row=places[mention.row]) for mention in read]
    return found
