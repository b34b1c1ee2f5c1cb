"""How sure each candidate target is: learned from the products whose own fields say what they fit.

A candidate in the text of such a product is right when the fields name it too. Those labels are noisy on one
side: fields are seldom complete, so that the figures lean towards caution.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.text import normalise
from engine.types import Product
from index_builder.graph.attributes import Role, role_of, texts_of
from index_builder.graph.compatibility import expand_list
from index_builder.graph.evidence import TextField
from index_builder.graph.text.relations_cues import Cue
from index_builder.graph.text.relations_model import fit_logistic
from index_builder.graph.text.relations_roles import Part
from index_builder.graph.text.relations_spans import ItemKind
from index_builder.graph.text.targets import TargetNames, is_wild, without_brand

if TYPE_CHECKING:
    from index_builder.graph.text.relations import Candidate

_PRIOR = {
    Cue.EQUIVALENT: 0.83,
    Cue.SPARE: 0.85,
    Cue.COMPATIBLE: 0.95,
    Cue.FOR: 0.85,
    Cue.BUNDLE: 0.83,
    Cue.NONE: 0.8,
}
"""For what fields do not teach, and for shops whose fields teach too little. From an electronics catalogue:
somewhat below the shares that its fields confirm (compatible .99, for .89, none .90), and (right + 1) /
(found + 2) of its hand-labelled development products where fields are silent (4 of 4, classes 5 of 5).
"""
_LIST_GAP = 5
"""Characters between two models of one list, at most (" and ")."""
_LIST_SHARE = 0.95
_WORD = re.compile(r"[^\W_]+(?:[-+][^\W_]*)*")
_NUMBER = re.compile(r"\d+")
_BACK = re.compile(r"[a-z]+\+?$")


def confidences(
    products: Sequence[Product], candidates: Sequence[Candidate], names: TargetNames
) -> list[float]:
    """One for each candidate, in (0, 1)."""
    sure = [_PRIOR[each.cue] for each in candidates]
    learnable = [place for place, each in enumerate(candidates) if _is_learnable(each)]
    if not learnable:
        return sure
    table = np.array([_features(candidates[place], names) for place in learnable], np.float64)
    stated = {
        row: words
        for row in {candidates[place].row for place in learnable}
        if (words := _stated(products[row]))
    }
    taught, right = [], []
    for place, each in enumerate(candidates[learn] for learn in learnable):
        said = _is_stated(each, stated[each.row]) if each.row in stated else None
        if said is not None:
            taught.append(place)
            right.append(said)
    model = fit_logistic(table[taught], np.array(right, np.bool_)) if taught else None
    if model is not None:
        for place, chance in zip(learnable, model.chances(table), strict=True):
            sure[place] = float(chance)
    _share_in_lists(candidates, sure)
    _share_in_products(candidates, sure)
    return sure


def _share_in_products(candidates: Sequence[Candidate], sure: list[float]) -> None:
    """The same thing named in title and description is about as sure in both."""
    best: dict[tuple[int, str], float] = {}
    keys = [(each.row, re.split(r"[/,]", each.text)[0]) for each in candidates]
    for key, value in zip(keys, sure, strict=True):
        best[key] = max(value, best.get(key, 0.0))
    for place, key in enumerate(keys):
        sure[place] = max(sure[place], _LIST_SHARE * best[key])


def _share_in_lists(candidates: Sequence[Candidate], sure: list[float]) -> None:
    """Things of one list are right or wrong together: each is nearly as sure as the surest beside it."""
    for places in (range(1, len(sure)), range(len(sure) - 1, 0, -1)):
        for place in places:
            one, two = candidates[place - 1], candidates[place]
            together = one.row == two.row and one.field is two.field and one.cue is two.cue
            alike = one.cue is not Cue.NONE or ItemKind.MODEL is one.kind is two.kind
            if together and alike and 0 <= two.start - one.end <= _LIST_GAP:
                best = _LIST_SHARE * max(sure[place - 1], sure[place])
                sure[place - 1], sure[place] = max(sure[place - 1], best), max(sure[place], best)


def _is_learnable(each: Candidate) -> bool:
    """Fields tell what a product fits; not what it replaces or comes with, and seldom whole classes."""
    return each.cue not in (Cue.EQUIVALENT, Cue.BUNDLE) and each.kind is not ItemKind.CLASS


def _features(each: Candidate, names: TargetNames) -> list[float]:
    words = without_brand(each.text.split(), names.brands)
    model = next((word for word in reversed(words) if any(letter.isdigit() for letter in word)), "")
    model = re.split(r"[/,]", model)[0]
    front = " ".join(words[:-1])
    cued = each.cue is not Cue.NONE
    counts = [
        names.others(names.models, model, each.row),
        names.others(names.models, _BACK.sub("", model), each.row),
        names.others(names.names, expand_list(" ".join(words))[0], each.row),
        max(names.others(names.series, key, each.row) for key in (front, words[0], " ".join(words))),
    ]
    return [
        float(each.cue is Cue.COMPATIBLE),
        float(each.cue is Cue.FOR),
        float(each.kind is ItemKind.MODEL),
        *(math.log1p(count) for count in counts),
        *(float(count > 0 and cued) for count in counts),
        float(is_wild(model) and model.rstrip("x") in names.prefixes),
        float(len(words) < len(each.text.split())),
        float(each.field is TextField.DESCRIPTION),
        float(each.start < 3),
        *(float(each.part is part) for part in Part),
        *(float(each.part is part and not cued) for part in Part),
        min(len(words), 4) / 4,
        float(model.isdigit()),
    ]


def _stated(product: Product) -> frozenset[str]:
    """Words of the fields that say what it fits; () when none does."""
    return frozenset(
        word
        for key, value in product.attributes.items()
        if role_of(key) is Role.COMPATIBILITY
        for text in texts_of(value)
        for name in re.split(r"[,;\n|]|\\n", text)
        for single in expand_list(" ".join(name.split()))
        for word in _WORD.findall(normalise(single))
    )


def _is_stated(each: Candidate, stated: frozenset[str]) -> bool | None:
    """By the number of its first model, or by all of its words when it has none. None when the fields say
    nothing of that sort: they name classes ("Monitor"), the candidate a model.
    """
    words = _WORD.findall(expand_list(each.text)[0])
    model = next((word for word in reversed(words) if any(letter.isdigit() for letter in word)), None)
    if model is None:
        return all(word in stated for word in words)
    numbers = {number for word in stated for number in _NUMBER.findall(word)}
    if not numbers:
        return None
    if is_wild(model):
        return any(word.startswith(model.rstrip("x")) for word in stated)
    number = max(_NUMBER.findall(model), key=len)
    return model in stated or (len(number) > 2 and number in numbers)
