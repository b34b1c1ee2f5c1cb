"""Why two names were found to mean the same, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from index_builder.graph.resolution.readings import Mark, Step
from index_builder.graph.resolution.scoring import Scored

_SENTENCES: Mapping[Step, str] = {
    Step.SPELLING: "American and British spelling ({words})",
    Step.PLURAL: "singular and plural ({words})",
    Step.UNIT: "the same amount in another unit ({words})",
    Step.TABLE: "the table of equivalent names says so ({words})",
    Step.LEGAL: 'a company\'s legal form may be left out ("{words}")',
    Step.BRAND: 'the brand "{words}" may be left out: its products are the ones that say so',
    Step.GENERIC: '"{words}" says nothing of its own',
    Step.KEY_WORD: '"{words}" only repeats the name of the attribute',
    Step.ACRONYM: 'the brackets give an abbreviation ("{words}")',
    Step.GLOSS: 'no other name has something else than "{words}" in its brackets',
    Step.INITIALS: 'the initials of "{words}"',
    Step.ORDER: 'the same words in another order ("{words}")',
    Step.TYPO: 'one letter slipped ("{words}")',
    Step.EXTRA: '"{words}" seems to make no difference',
}
FORCED = "the same-as file says so"


def reasons_of(scored: Scored) -> tuple[str, ...]:
    """What the names have in common first, then what products say."""
    found = [_sentence(mark) for mark in scored.pair.marks]
    if not found:
        found = ["they differ in case, blanks and punctuation only"]
    if scored.listed:
        found.append(f"although {scored.listed:.0%} of the rarer one's products list both")
    if scored.alike >= 0.2:
        found.append(f"their products are alike (cosine {scored.alike:.2f})")
    if scored.meaning is not None:
        found.append(f"their meanings are near (cosine {scored.meaning:.2f})")
    return tuple(found)


def _sentence(mark: Mark) -> str:
    step, words = mark
    return _SENTENCES[step].format(words=words)
