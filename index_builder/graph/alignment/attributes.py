"""Ties a catalogue's attribute keys and values to the attributes and values of a taxonomy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.text import has_cjk, normalise
from engine.types import EntityKind
from index_builder.graph.alignment.evidence import Embed
from index_builder.graph.alignment.words import words_of
from index_builder.graph.attributes import key_phrase
from index_builder.graph.draft import Draft, Node
from index_builder.graph.ontologies.taxonomy import Taxonomy

EXACT, ALIAS = 1.0, 0.9
MIN_KEY_COSINE = 0.8
MIN_VALUE_COSINE = 0.85
_MIN_PRODUCTS = 2
_SPELLINGS = {"colour": "color", "grey": "gray", "aluminium": "aluminum", "fibre": "fiber", "metre": "meter"}
_SHARED = {EntityKind.COLOR: "color", EntityKind.MATERIAL: "material"}


@dataclass(frozen=True, slots=True)
class Match:
    """`place` is that of an attribute or value of the taxonomy; `confidence` 1 for the same text, .9 for a
    known spelling or plural, else the cosine of the embeddings.
    """

    place: int
    confidence: float


@dataclass(frozen=True, slots=True)
class AttributeAlignment:
    """`keys` by attribute key of the catalogue, `values` by the IRI of the draft's node."""

    keys: Mapping[str, Match]
    values: Mapping[str, Match]


def align_attributes(draft: Draft, taxonomy: Taxonomy, embed: Embed | None = None) -> AttributeAlignment:
    """Keys by their phrases; values within the attribute that their key is tied to. Without `embed` only the
    same words match.
    """
    nodes: defaultdict[str, list[Node]] = defaultdict(list)
    for node in draft.nodes.values():
        key = _SHARED.get(node.kind) or (node.attribute if node.kind is EntityKind.ATTRIBUTE_VALUE else "")
        if key and len(node.rows) >= _MIN_PRODUCTS:
            nodes[key].append(node)
    keys = sorted(nodes)
    names = [attribute.name for attribute in taxonomy.attributes]
    found = _match([key_phrase(key) or key for key in keys], names, embed, MIN_KEY_COSINE)
    tied = {key: match for key, match in zip(keys, found, strict=True) if match is not None}
    values: dict[str, Match] = {}
    for key, match in tied.items():
        values.update(_values(nodes[key], taxonomy, match, embed))
    return AttributeAlignment(tied, values)


def _values(nodes: Sequence[Node], taxonomy: Taxonomy, tied: Match, embed: Embed | None) -> dict[str, Match]:
    places = taxonomy.attributes[tied.place].values
    names = [taxonomy.values[place].name for place in places]
    ordered = sorted(nodes, key=lambda node: node.iri)
    found = _match([node.label for node in ordered], names, embed, MIN_VALUE_COSINE)
    return {
        node.iri: Match(places[match.place], match.confidence * tied.confidence)
        for node, match in zip(ordered, found, strict=True)
        if match is not None
    }


def _match(
    texts: Sequence[str], names: Sequence[str], embed: Embed | None, least: float
) -> list[Match | None]:
    """The place of the name that fits each text, exact before alias before embedding."""
    exact = _first(normalise(name) for name in names)
    alias = _first(_key(name) for name in names)
    found: list[Match | None] = []
    for text in texts:
        if normalise(text) in exact:
            found.append(Match(exact[normalise(text)], EXACT))
        else:
            found.append(Match(alias[_key(text)], ALIAS) if _key(text) in alias else None)
    open_places = [place for place, match in enumerate(found) if match is None and not has_cjk(texts[place])]
    if embed is None or not open_places or not names:
        return found
    ours = np.asarray(embed([texts[place] for place in open_places]), np.float32)
    cosines = ours @ np.asarray(embed(names), np.float32).T
    best = cosines.argmax(axis=1)
    for place, name, cosine in zip(open_places, best.tolist(), cosines.max(axis=1).tolist(), strict=True):
        if cosine >= least:
            found[place] = Match(name, round(min(cosine, ALIAS), 4))
    return found


def _key(text: str) -> str:
    return " ".join(sorted(_SPELLINGS.get(word, word) for word in words_of(text)))


def _first(keys: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, place)
    return found
