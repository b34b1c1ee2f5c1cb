"""Ties the things that products fit to the products of this shop that are those things.

A target is a product when the product's title begins with its name: brand, series and model, without the
brand when the brands agree, or the model alone when one brand alone has it. A product that fits the target,
or whose title names it as what it fits ("C510 toner"), is never it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.text import normalise
from engine.types import EntityKind, Product
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.evidence import Label, TextField
from index_builder.graph.text.relations_cues import cues_in
from index_builder.graph.text.targets import is_measure
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri

MAX_PRODUCTS = 12
"""A name that more products bear than this names none of them; configurations of one model share theirs."""
_MODEL = re.compile(r"^(?=.*\d)(?=.*[^\W\d_])[^\s]{4,}$")
_NUMBER = re.compile(r"^\d{3,5}[^\W\d_]{0,3}$")
_FIRST_WORDS = 5
_BY_NAME, _BY_MODEL = 1.0, 0.8
_WITHOUT_BRAND, _MODEL_ALONE = 0.9, 0.8


@dataclass(frozen=True, slots=True)
class _Names:
    """Rows by what their titles begin with: whole names, brandless ones, and models."""

    whole: Mapping[str, list[int]]
    bare: Mapping[str, list[int]]
    model: Mapping[str, list[int]]


def tie_targets(draft: Draft, products: Sequence[Product]) -> None:
    """Gives targets their shorter names and their brands, and ties them to products (skos:exactMatch)."""
    brands = {name: node for node in draft.of_kind(EntityKind.BRAND) for name in node.names}
    targets = draft.of_kind(EntityKind.COMPATIBLE_TARGET)
    hanging: defaultdict[str, set[int]] = defaultdict(set)
    for node in targets:
        hanging[normalise(node.label)].update(node.rows)
    models = Counter(name.split()[-1] for name in hanging)
    names = _names_of(products, _named_in_titles(draft, products))
    for node in targets:
        name = normalise(node.label)
        brand, rest = _split(name, brands)
        if brand:
            draft.edges.add(Edge(node.iri, Term.BRAND, brands[brand].iri, SourceGraph.INFERENCE))
            if len(rest) > 3:
                node.answer_to(rest, _WITHOUT_BRAND)
        model = name.split()[-1]
        if _MODEL.match(model) and models[model] == 1:
            node.answer_to(model, _MODEL_ALONE)
        for row, sure in _bearers(name, brand, rest, names, products, hanging[name]):
            product = node_iri("product", products[row].id)
            draft.edges.add(Edge(node.iri, Term.EXACT_MATCH, product, SourceGraph.INFERENCE, sure))


def _split(name: str, brands: Mapping[str, Node]) -> tuple[str, str]:
    """The brand in front, "" when there is none, and the rest."""
    words = name.split()
    for length in range(min(3, len(words) - 1), 0, -1):
        front = " ".join(words[:length])
        if front in brands:
            return front, " ".join(words[length:])
    return "", name


def _bearers(
    name: str,
    brand: str,
    rest: str,
    names: _Names,
    products: Sequence[Product],
    hanging: Collection[int],
) -> list[tuple[int, float]]:
    """Rows of the products that the name means, with how sure that is; [] when several brands bear it."""
    alone = " " not in rest
    shorter = {*names.bare.get(rest, ()), *(names.model.get(rest, ()) if alone else ())}
    for rows, sure in (
        (names.whole.get(name, ()), _BY_NAME),
        (sorted(shorter), _BY_MODEL if alone else _BY_NAME),
    ):
        left = [row for row in rows if row not in hanging]
        if brand:
            left = [row for row in left if normalise(products[row].brand) in ("", brand)]
        if left:
            makers = {normalise(products[row].brand) for row in left}
            return [(row, sure) for row in left] if len(makers) == 1 and len(left) <= MAX_PRODUCTS else []
    return []


def _named_in_titles(draft: Draft, products: Sequence[Product]) -> Mapping[int, list[str]]:
    """What each title names as something else, normalised."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for each in draft.evidence:
        mention = each.mention
        if mention.label is Label.TARGET and mention.field is TextField.TITLE:
            found[mention.row].append(normalise(products[mention.row].title[mention.start : mention.end]))
    return found


def _names_of(products: Sequence[Product], others: Mapping[int, Sequence[str]]) -> _Names:
    whole: defaultdict[str, list[int]] = defaultdict(list)
    bare: defaultdict[str, list[int]] = defaultdict(list)
    models: defaultdict[str, list[int]] = defaultdict(list)
    for row, product in enumerate(products):
        brand, title = normalise(product.brand), normalise(product.title)
        own = title.removeprefix(brand).strip() if brand else title
        words = own.split()
        place = next((i for i, word in enumerate(words[:_FIRST_WORDS]) if _is_model(word)), None)
        cue = next((each.start for each in cues_in(own)), len(own))
        if place is not None and len(" ".join(words[: place + 1])) > cue:
            place = None
        _add(whole, title, row)
        _add(bare, own, row)
        if place is None:
            continue
        name, model = " ".join(words[: place + 1]), words[place]
        if any(model in other.split() for other in others.get(row, ())):
            continue
        _add(whole, f"{brand} {name}".strip(), row)
        _add(bare, name, row)
        if _MODEL.match(model) and sum(letter.isdigit() for letter in model) > 1:
            _add(models, model, row)
    return _Names(whole, bare, models)


def _add(table: defaultdict[str, list[int]], key: str, row: int) -> None:
    if not table[key] or table[key][-1] != row:
        table[key].append(row)


def _is_model(word: str) -> bool:
    shaped = _MODEL.match(word) is not None or _NUMBER.match(word) is not None
    return shaped and (word.isdecimal() or not is_measure(word))
