"""Which products cannot stand in for each other, however alike they look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import sparse

from engine.types import EntityKind, Mask, RowArray
from index_builder.graph.draft import Draft, Node
from index_builder.graph.vocabulary import Term

MIN_FITTING_SHARE, MIN_MEMBERS = 0.4, 5
_CHUNK = 65_536


def may_replace(draft: Draft, subjects: RowArray, objects: RowArray, *, strict: bool = True) -> Mask:
    """One flag for each pair of rows. False where the types are known and have no broader type in common,
    where one says what it fits and the other does not say the same of anything, or fits it in other colours:
    a cartridge is no use in another printer. Of types that mostly say it, those that do not are left alone.
    Unless `strict`, silence is no contradiction: both have to say what they fit to be told apart by it.
    """
    total = len(draft.types)
    roots = np.unique(np.asarray(_root_types(draft), np.str_), return_inverse=True)[1]
    typed = np.array([bool(iri) for iri in draft.types], np.bool_)
    other = (roots[subjects] != roots[objects]) & typed[subjects] & typed[objects]
    targets = incidence(draft.of_kind(EntityKind.COMPATIBLE_TARGET), total)
    colors = incidence(draft.of_kind(EntityKind.COLOR), total)
    fitting = _both_state(targets, subjects, objects)
    if strict:
        fits = np.diff(targets.indptr) > 0
        fits |= _of_fitting_types(draft, fits)
        fitting = fits[subjects] | fits[objects]
    elsewhere = fitting & ~share(targets, subjects, objects)
    in_other_color = fitting & _both_state(colors, subjects, objects) & ~share(colors, subjects, objects)
    allowed: Mask = ~(other | elsewhere | in_other_color)
    return allowed


def _of_fitting_types(draft: Draft, stating: Mask) -> Mask:
    """Products of types of which at least `MIN_FITTING_SHARE` say what they fit."""
    types = np.unique(np.asarray(draft.types, np.str_), return_inverse=True)[1]
    members = np.bincount(types)
    share = np.bincount(types, weights=stating) / np.maximum(members, 1)
    named = np.array([bool(iri) for iri in draft.types], np.bool_)
    fitting: Mask = named & (members[types] >= MIN_MEMBERS) & (share[types] >= MIN_FITTING_SHARE)
    return fitting


def _root_types(draft: Draft) -> list[str]:
    """The broadest type above each product's type: a patch cable and an audio cable are cables."""
    types = {iri for iri in draft.types if iri}
    known = {node.iri for node in draft.of_kind(EntityKind.CATEGORY) if node.attribute} | types
    above: dict[str, str] = {}
    for edge in sorted(draft.edges):
        if edge.predicate is Term.BROADER and edge.subject in known and edge.object in known:
            above.setdefault(edge.subject, edge.object)
    roots = {}
    for iri in types:
        root, seen = iri, {iri}
        while root in above and above[root] not in seen:
            root = above[root]
            seen.add(root)
        roots[iri] = root
    return [roots.get(iri, "") for iri in draft.types]


def incidence(nodes: Iterable[Node], total: int) -> Any:
    """Rows are products, columns nodes, 1.0 where the product states the node."""
    stated = [np.asarray(node.rows, np.int64) for node in nodes if node.rows]
    rows = np.concatenate([np.empty(0, np.int64), *stated])
    columns = np.repeat(np.arange(len(stated)), [len(each) for each in stated])
    return sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(total, max(1, len(stated)))
    )


def _both_state(matrix: Any, subjects: RowArray, objects: RowArray) -> Mask:
    states = np.diff(matrix.indptr) > 0
    both: Mask = states[subjects] & states[objects]
    return both


def share(matrix: Any, subjects: RowArray, objects: RowArray) -> Mask:
    """Whether the two have a column in common."""
    shared = np.zeros(len(subjects), np.bool_)
    for start in range(0, len(subjects), _CHUNK):
        part = slice(start, start + _CHUNK)
        both = matrix[subjects[part]].multiply(matrix[objects[part]])
        shared[part] = np.asarray(both.sum(axis=1)).ravel() > 0
    return shared
