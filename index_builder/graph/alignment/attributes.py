"""Ties a catalogue's attribute keys and values to the attributes and values of a taxonomy."""

from __future__ import annotations

import re
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
MIN_KEY_COSINE = 0.85
MIN_VALUE_COSINE = 0.85
_MIN_PRODUCTS = 2
_SURE = 0.9
_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
_EMPTY_WORDS = frozenset({"type", "of", "the", "supported", "installed"})
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
    found = _match([[key_phrase(key) or key] for key in keys], names, meanings, MIN_KEY_COSINE)
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
    found = _match([_texts(node) for node in ordered], names, meanings, MIN_VALUE_COSINE)
    return {
        node.iri: Match(places[match.place], match.confidence * tied.confidence)
        for node, match in zip(ordered, found, strict=True)
        if match is not None
    }


def _texts(node: Node) -> list[str]:
    """How the catalogue writes it, then what it surely answers to: "黑色" is "black" by the shipped table."""
    return [node.label, *sorted(name for name, sure in node.names.items() if sure >= _SURE)]


def _value_texts(
    nodes: Mapping[str, Sequence[Node]], taxonomy: Taxonomy, tied: Mapping[str, Match]
) -> Iterator[str]:
    """All that `_values` will compare by meaning, so that it is embedded at once."""
    for key, match in tied.items():
        yield from (node.label for node in nodes[key])
        yield from (taxonomy.values[place].name for place in taxonomy.attributes[match.place].values)


def _match(
    texts: Sequence[Sequence[str]], names: Sequence[str], meanings: Meanings | None, least: float
) -> list[Match | None]:
    """The place of the name that fits each thing, of which any of its texts may: exact before alias before
    the meaning of the first English one.
    """
    exact = _first(normalise(name) for name in names)
    alias = _first(_key(name) for name in names)
    for place, name in enumerate(names):
        alias.setdefault(_key(_BRACKETS.sub("", name)), place)
    found = [_same(each, exact, alias) for each in texts]
    english = {
        place: next((text for text in texts[place] if not has_cjk(text)), "")
        for place, match in enumerate(found)
        if match is None
    }
    asked = [place for place, text in english.items() if text]
    if meanings is None or not asked or not names:
        return found
    meanings.learn([*(english[place] for place in asked), *names])
    cosines = meanings([english[place] for place in asked]) @ meanings(names).T
    best = cosines.argmax(axis=1)
    for place, name, cosine in zip(asked, best.tolist(), cosines.max(axis=1).tolist(), strict=True):
        if cosine >= least and _may_be_one(english[place], names[name]):
            found[place] = Match(name, round(min(cosine, ALIAS), 4))
    return found


def _same(texts: Sequence[str], exact: Mapping[str, int], alias: Mapping[str, int]) -> Match | None:
    for text in texts:
        if normalise(text) in exact:
            return Match(exact[normalise(text)], EXACT)
    for text in texts:
        if _key(text) in alias:
            return Match(alias[_key(text)], ALIAS)
    return None


def _may_be_one(text: str, name: str) -> bool:
    """What tells "HDCP 2.2" from "HDCP", or "light grey" from "grey", is small to an encoder and large to a
    shopper: numbers have to agree, and a name with a further word is a narrower thing.
    """
    ours, theirs = frozenset(words_of(text)), frozenset(words_of(name))
    further = (ours ^ theirs) - _EMPTY_WORDS
    if any(any(map(str.isdigit, word)) for word in ours ^ theirs):
        return False
    return not further or not (ours <= theirs or theirs <= ours)


def _key(text: str) -> str:
    """Words in order of the alphabet, in one spelling; the text itself where it has no words."""
    return " ".join(sorted(_SPELLINGS.get(word, word) for word in words_of(text))) or text


def _first(keys: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, place)
    return found
