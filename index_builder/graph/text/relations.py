"""Reads what products are compatible with, accessories, parts or variants of, or bundled with, out of texts.

Candidates come from cues ("for X-1000, X-1200") and, on products made for another one, from names known
elsewhere in the catalogue ("Phaser 3130 toner"). The cue and the product's part tell the relation. How sure
a candidate is is learned from the products whose fields say what they fit (distant supervision: Mintz et
al., ACL 2009), so that a catalogue without such fields falls back on fixed figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.text import normalise
from engine.types import Product
from index_builder.graph.draft import Draft
from index_builder.graph.evidence import Extractor, Label, Mention, Relation, TextField
from index_builder.graph.text.relations_confidence import confidences
from index_builder.graph.text.relations_cues import Cue, cues_in
from index_builder.graph.text.relations_roles import (
    RELATION_OF,
    Part,
    is_addition,
    learned_parts,
    seeded_parts,
)
from index_builder.graph.text.relations_spans import Item, ItemKind, items_after
from index_builder.graph.text.relations_uncued import uncued_items
from index_builder.graph.text.targets import TargetNames, add_names, learn_targets

MIN_CONFIDENCE = 0.65
"""Less sure candidates are not reported: precision comes first."""
_TEACHING = (Cue.COMPATIBLE, Cue.FOR, Cue.SPARE)
"""Models behind these cues are targets that other products may name without one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters `[start, end)` of a product's text may name a target."""

    row: int
    field: TextField
    start: int
    end: int
    cue: Cue
    kind: ItemKind
    part: Part
    text: str
    """What the characters say, normalised."""


def read_relations(
    products: Sequence[Product], draft: Draft, mentions: Sequence[Mention] = ()
) -> list[Mention]:
    """Mentions with Label.TARGET and a relation, by product, field and place; spans never overlap.

    `mentions` are what other layers read: a span that one of them surely reads as a quantity is no target.
    """
    candidates, names = read_candidates(products, draft)
    taken = {
        (each.row, each.field, place)
        for each in mentions
        if each.label in (Label.SIZE, Label.CAPACITY) and each.confidence >= MIN_CONFIDENCE
        for place in range(each.start, each.end)
    }
    found = []
    for each, sure in zip(candidates, confidences(products, candidates, names), strict=True):
        whole = all((each.row, each.field, place) in taken for place in range(each.start, each.end))
        if sure >= MIN_CONFIDENCE and not whole:
            found.append(_mention(each, sure))
    return found


def read_candidates(products: Sequence[Product], draft: Draft) -> tuple[list[Candidate], TargetNames]:
    """Every span that may name a target, in order, and the names learned for finding them."""
    types = [draft.nodes[iri].label if iri else "" for iri in draft.types]
    seeded = seeded_parts(products, types)
    parts = learned_parts(products, seeded)
    names = learn_targets(products, draft, parts)
    texts = [
        (row, field, text)
        for row, product in enumerate(products)
        for field, text in ((TextField.TITLE, product.title), (TextField.DESCRIPTION, product.description))
    ]
    brands = [normalise(product.brand) for product in products]
    kinds = [normalise(kind) for kind in types]
    cued = [_cued(text, brands[row], kinds[row], parts[row], names) for row, _, text in texts]
    for (row, _, text), found in zip(texts, cued, strict=True):
        for cue, item in found:
            if cue in _TEACHING and item.kind is ItemKind.MODEL:
                add_names(names, normalise(text[item.start : item.end]), row)
    said: defaultdict[int, set[str]] = defaultdict(set)
    candidates: list[Candidate] = []
    for (row, field, text), found in zip(texts, cued, strict=True):
        said[row].update(_models(text, (item for cue, item in found if cue in _TEACHING), names))
        free = list(_uncued(text, found, seeded[row], names, row, frozenset(said[row])))
        said[row].update(_models(text, (item for _, item in free), names))
        for cue, item in sorted([*found, *free], key=_place):
            name = normalise(text[item.start : item.end])
            candidates.append(Candidate(row, field, item.start, item.end, cue, item.kind, parts[row], name))
    return candidates, names


def _mention(each: Candidate, sure: float) -> Mention:
    extractor, relation = Extractor.RELATION, relation_of(each)
    place = (each.row, each.field, each.start, each.end)
    return Mention(*place, Label.TARGET, each.text, extractor, sure, relation)


def relation_of(candidate: Candidate) -> Relation:
    if candidate.cue is Cue.EQUIVALENT:
        return Relation.VARIANT_OF
    if candidate.cue is Cue.BUNDLE:
        return Relation.BUNDLE_OF
    if candidate.cue is Cue.SPARE:
        return Relation.PART_OF
    if candidate.cue is Cue.COMPATIBLE and candidate.part in (Part.DEVICE, Part.UNKNOWN):
        return Relation.COMPATIBLE_WITH
    return RELATION_OF[candidate.part]


def _cued(text: str, brand: str, kind: str, part: Part, names: TargetNames) -> list[tuple[Cue, Item]]:
    found: list[tuple[Cue, Item]] = []
    for place in cues_in(text):
        if not found or place.start >= found[-1][1].end:
            items = items_after(text, place.end, names, brand, kind)
            found.extend((place.cue, item) for item in items if _makes_sense(place.cue, item, part, text))
    return found


def _makes_sense(cue: Cue, item: Item, part: Part, text: str) -> bool:
    """Only additions come along ("w/ audio" is built in), and a device that is "for notebooks" is seldom one
    of theirs. Where nothing tells the part, the class may be the product itself ("for men shaver").
    """
    if cue is Cue.BUNDLE:
        words = normalise(text[item.start : item.end]).split()
        counted = any(letter.isdigit() for word in words for letter in word)
        return item.kind is ItemKind.CLASS and not counted and is_addition(words[-1])
    additional = part not in (Part.DEVICE, Part.UNKNOWN)
    return item.kind is not ItemKind.CLASS or additional or cue is Cue.COMPATIBLE


def _models(text: str, items: Iterable[Item], names: TargetNames) -> Iterator[str]:
    """Model numbers in the spans of items."""
    for item in items:
        for word in normalise(text[item.start : item.end]).replace("/", " ").split():
            if names.is_model(word):
                yield word


def _uncued(
    text: str,
    cued: Sequence[tuple[Cue, Item]],
    part: Part,
    names: TargetNames,
    row: int,
    said: frozenset[str],
) -> Iterator[tuple[Cue, Item]]:
    if part in (Part.CONSUMABLE, Part.ACCESSORY, Part.SPARE):
        for item in uncued_items(text, names, row, said):
            if all(item.end <= other.start or item.start >= other.end for _, other in cued):
                yield Cue.NONE, item


def _place(pair: tuple[Cue, Item]) -> int:
    return pair[1].start
