"""Pairs of nodes that share a reading: the only ones that are looked at (never all pairs)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product

from rapidfuzz.distance import OSA

from index_builder.graph.draft import Node
from index_builder.graph.resolution.habits import names_of
from index_builder.graph.resolution.readings import Habits, Mark, Reading, Step, canonical_key, readings_of
from index_builder.graph.resolution.words import numbers_of

MAX_BLOCK = 400
"""A reading that more nodes share says nothing; of its nodes only those that need nothing taken away meet."""
_ONE_SIDED = frozenset({Step.INITIALS, Step.EXTRA, Step.GLOSS, Step.ACRONYM})
"""Steps that only one of two names may take, and the other none of them: two long names with the same
initials have nothing in common.
"""
_LONELY = _ONE_SIDED | {Step.BRAND, Step.TYPO}
"""Steps that are too much of a guess to go with another of these, or with a word left out."""
_WORD_LEFT_OUT = frozenset({Step.GENERIC, Step.KEY_WORD})
_NOT_WITH_RIVALS = frozenset({Step.GLOSS, Step.INITIALS})
"""A name in brackets that differs from one name to the next tells them apart: QWERTY (UK), QWERTY (US)."""

Cost = Callable[[Sequence[Mark]], float]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two nodes (`one` < `two` by IRI) and what tells their names apart; no marks: only blanks, case and
    punctuation.
    """

    one: Node
    two: Node
    marks: tuple[Mark, ...]

    @property
    def iris(self) -> tuple[str, str]:
        return self.one.iri, self.two.iri


@dataclass(frozen=True, slots=True)
class Candidates:
    """`pairs` sorted by their IRIs; `apart` are pairs that share a reading but cannot be the same: what was
    taken away from both differs, or their numbers do.
    """

    pairs: tuple[Pair, ...]
    apart: frozenset[tuple[str, str]]


def candidates_in(nodes: Sequence[Node], habits: Habits, cost: Cost) -> Candidates:
    """`nodes` of one space, sorted by IRI; of several ways to meet, that with the least `cost` counts."""
    blocks: defaultdict[str, list[tuple[int, Reading]]] = defaultdict(list)
    for place, node in enumerate(nodes):
        for reading in _best_readings(node, habits):
            blocks[reading.key].append((place, reading))
    numbers = [numbers_of(canonical_key(node.label, habits)) for node in nodes]
    met: dict[tuple[int, int], tuple[Mark, ...]] = {}
    apart: set[tuple[int, int]] = set()
    for members in blocks.values():
        for one, two, marks in _meetings(members):
            if marks is None or numbers[one] != numbers[two]:
                apart.add((one, two))
            elif (one, two) not in met or cost(marks) < cost(met[one, two]):
                met[one, two] = marks
    pairs = tuple(Pair(nodes[one], nodes[two], marks) for (one, two), marks in sorted(met.items()))
    divided = frozenset((nodes[one].iri, nodes[two].iri) for one, two in apart - met.keys())
    return Candidates(pairs, divided)


def _best_readings(node: Node, habits: Habits) -> list[Reading]:
    """Of all its names; of two readings with one key, that with fewer marks."""
    best: dict[str, Reading] = {}
    for name in names_of(node):
        for reading in readings_of(name, habits):
            known = best.get(reading.key)
            if known is None or len(reading.marks) < len(known.marks):
                best[reading.key] = reading
    return list(best.values())


def _meetings(
    members: Sequence[tuple[int, Reading]],
) -> Iterator[tuple[int, int, tuple[Mark, ...] | None]]:
    """Places of two nodes and the marks between them; None for marks that cannot be reconciled."""
    if len(members) > MAX_BLOCK:
        members = [member for member in members if not member[1].marks]
    plain: list[tuple[int, Reading]] = []
    loose: list[tuple[int, Reading]] = []
    typos: list[tuple[int, Reading]] = []
    for member in members:
        steps = {step for step, _ in member[1].marks}
        group = typos if Step.TYPO in steps else loose if steps & _ONE_SIDED else plain
        group.append(member)
    told = {mark for _, reading in loose for mark in reading.marks if mark[0] in _NOT_WITH_RIVALS}
    rivals = {step for step in _NOT_WITH_RIVALS if sum(mark[0] is step for mark in told) > 1}
    loose = [member for member in loose if not any(step in rivals for step, _ in member[1].marks)]
    for one, two in chain(combinations(plain, 2), product(plain, loose), combinations(typos, 2)):
        if one[0] != two[0]:
            yield _between(one, two)


def _between(one: tuple[int, Reading], two: tuple[int, Reading]) -> tuple[int, int, tuple[Mark, ...] | None]:
    first, second = sorted((one[0], two[0]))
    marks = tuple(sorted(set(one[1].marks) ^ set(two[1].marks)))
    return first, second, marks if _go_together(marks) else None


def _go_together(marks: Sequence[Mark]) -> bool:
    steps = [step for step, _ in marks]
    guesses = [step for step in steps if step in _LONELY]
    if not guesses:
        return True
    if steps.count(Step.TYPO) == 2 and len(guesses) == 2:
        return is_slip(*(words for step, words in marks if step is Step.TYPO))
    return len(guesses) == 1 and guesses[0] is not Step.TYPO and not _WORD_LEFT_OUT.intersection(steps)


def is_slip(one: str, two: str) -> bool:
    """Whether one word is the other with a letter left out, added or swapped with its neighbour, inside the
    word. A letter for another (charger, changer) and other endings (recycle, recycled) make other words.

    >>> is_slip("gigabit", "giabit"), is_slip("vista", "visat"), is_slip("visata", "viasta")
    (True, False, True)
    """
    if one[0] != two[0] or one[-1] != two[-1] or OSA.distance(one, two) != 1:
        return False
    return len(one) != len(two) or sorted(one) == sorted(two)
