"""Ties a catalogue's attribute keys and values to the attributes and values of a taxonomy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.text import has_cjk, normalise
from engine.types import EntityKind
from index_builder.graph.alignment.meanings import Meanings
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


def align_attributes(
    draft: Draft, taxonomy: Taxonomy, meanings: Meanings | None = None
) -> AttributeAlignment:
    """Keys by their phrases; values within the attribute that their key is tied to. Without `meanings` only
    the same words match.
    """
    nodes: defaultdict[str, list[Node]] = defaultdict(list)
    for node in draft.nodes.values():
        key = _SHARED.get(node.kind) or (node.attribute if node.kind is EntityKind.ATTRIBUTE_VALUE else "")
        if key and len(node.rows) >= _MIN_PRODUCTS:
            nodes[key].append(node)
    keys = sorted(nodes)
    names = [attribute.name for attribute in taxonomy.attributes]
    found = _match([key_phrase(key) or key for key in keys], names, meanings, MIN_KEY_COSINE)
    tied = {key: match for key, match in zip(keys, found, strict=True) if match is not None}
    values: dict[str, Match] = {}
    if meanings is not None:
        meanings.learn(_value_texts(nodes, taxonomy, tied))
    for key, match in tied.items():
        values.update(_values(nodes[key], taxonomy, match, meanings))
    return AttributeAlignment(tied, values)


def _values(
    nodes: Sequence[Node], taxonomy: Taxonomy, tied: Match, meanings: Meanings | None
) -> dict[str, Match]:
    places = taxonomy.attributes[tied.place].values
    names = [taxonomy.values[place].name for place in places]
    ordered = sorted(nodes, key=lambda node: node.iri)
    found = _match([node.label for node in ordered], names, meanings, MIN_VALUE_COSINE)
    return {
        node.iri: Match(places[match.place], match.confidence * tied.confidence)
        for node, match in zip(ordered, found, strict=True)
        if match is not None
    }


def _value_texts(
    nodes: Mapping[str, Sequence[Node]], taxonomy: Taxonomy, tied: Mapping[str, Match]
) -> Iterator[str]:
    """All that `_values` will compare by meaning, so that it is embedded at once."""
    for key, match in tied.items():
        yield from (node.label for node in nodes[key])
        yield from (taxonomy.values[place].name for place in taxonomy.attributes[match.place].values)


def _match(
    texts: Sequence[str], names: Sequence[str], meanings: Meanings | None, least: float
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
    if meanings is None or not open_places or not names:
        return found
    meanings.learn([*(texts[place] for place in open_places), *names])
    cosines = meanings([texts[place] for place in open_places]) @ meanings(names).T
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
